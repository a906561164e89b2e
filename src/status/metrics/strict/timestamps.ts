// Timestamps: whole milliseconds in text, seconds in OpenMetrics.

import { readNumber } from './numbers.ts';
import type { Direction } from './outline.ts';
import type { SampleScanner } from './sample-scanner.ts';

const WHOLE = /^[+-]?\d+$/;

/**
 * What follows the value on the page, with a blank before it; empty: nothing.
 *
 * @returns undefined when what follows it in the part is not of the part's format
 */
export function convertedTimestamp(
  { timestamp, exemplar }: SampleScanner,
  { fromOpenMetrics, toOpenMetrics }: Direction,
): string | undefined {
  if (exemplar !== undefined && !fromOpenMetrics) return undefined;
  if (timestamp === '') return '';
  if (!(fromOpenMetrics ? isSeconds : isMilliseconds)(timestamp)) return undefined;
  if (fromOpenMetrics === toOpenMetrics) return ` ${timestamp}`;
  if (toOpenMetrics) return ` ${Number(timestamp) / 1000}`;
  const milliseconds = Math.round(Number(timestamp) * 1000);
  return Number.isSafeInteger(milliseconds) ? ` ${milliseconds}` : undefined;
}

export function isSeconds(text: string): boolean {
  return Number.isFinite(readNumber(text));
}

function isMilliseconds(text: string): boolean {
  return WHOLE.test(text) && Number.isSafeInteger(Number(text));
}
