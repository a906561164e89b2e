// Numbers as both formats take them: what Go's strconv reads, without hexadecimal and underscores.

const FINITE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const NOT_A_NUMBER = /^nan$/i;
const WHOLE = /^[+-]?\d+$/;

/** @returns undefined when the text is no number, or one too large for 64 bits of floating point */
export function readNumber(text: string): number | undefined {
  if (FINITE.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return NOT_A_NUMBER.test(text) ? NaN : undefined;
}

/** A timestamp of the text format as OpenMetrics writes it. @returns undefined when it is no whole milliseconds */
export function secondsOf(milliseconds: string): string | undefined {
  const value = Number(milliseconds);
  return isMilliseconds(milliseconds) ? `${value / 1000}` : undefined;
}

/** A timestamp of OpenMetrics as the text format writes it. @returns undefined when it is no number of seconds */
export function millisecondsOf(seconds: string): string | undefined {
  const value = Math.round((readNumber(seconds) ?? NaN) * 1000);
  return Number.isSafeInteger(value) ? `${value}` : undefined;
}

export function isMilliseconds(text: string): boolean {
  return WHOLE.test(text) && Number.isSafeInteger(Number(text));
}

export function isSeconds(text: string): boolean {
  return Number.isFinite(readNumber(text));
}
