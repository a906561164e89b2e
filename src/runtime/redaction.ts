// What shows by itself that it is a secret, under any name, and is never to be read in a log or a listing: private
// keys, JSON web tokens, HTTP credentials, the user part of a URL. Secrets known by their name: config/secrets.ts.

import type { LogRecord } from './log.ts';

/** What stands where a secret is not shown. */
export const MASK = '***';

const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  [/(?<![\w-])eyJ[\w-]*\.[\w-]+(?:\.[\w-]*)?/g, MASK],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${MASK}`],
  [/:\/\/[^\s/?#"'<>\\]+@/g, `://${MASK}@`],
];

/** Fit for sentences, in which a name and a colon mean nothing. */
export function maskShapes(text: string): string {
  return SHAPES.reduce((rest, [shape, shown]) => rest.replaceAll(shape, shown), text);
}

/** The record as it may be written: whoever logs need not know whether an error quotes a secret. */
export function redacted(record: LogRecord): LogRecord {
  const fields = Object.entries(record.fields).map(([name, value]) => [
    name,
    typeof value === 'string' ? maskShapes(value) : value,
  ]);
  return {
    ...record,
    message: maskShapes(record.message),
    fields: Object.fromEntries(fields),
    ...(record.stack !== undefined && { stack: maskShapes(record.stack) }),
  };
}
