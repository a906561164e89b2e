// The formats a page of metrics can have, and how they are announced. Which one an application answers in is read in
// negotiation.ts.

export type Format = 'text' | 'openmetrics-0.0.1' | 'openmetrics-1.0.0';

const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  'openmetrics-0.0.1': 'application/openmetrics-text; version=0.0.1; charset=utf-8',
  'openmetrics-1.0.0': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export function contentTypeOf(format: Format): string {
  return CONTENT_TYPES[format];
}
