// Exact readers of the texts upstream's variables and flags may hold. Each gives undefined for a text Go refuses,
// so that the caller says what follows: a variable falls back to its default, a flag ends the command.
// Upstream: Go's strconv and time, istio pkg/env.

import { formatDuration, parseDurationMs } from '../runtime/duration.ts';

/** A kind of value. `expecting` ends the sentence "…, expecting …" of a warning. */
export interface Parser<T> {
  readonly expecting: string;
  parse(text: string): T | undefined;
  /** The spelling a person would use for a value. */
  format(value: T): string;
}

const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/** @see Go strconv.ParseBool */
export function parseGoBool(text: string): boolean | undefined {
  return BOOLS.get(text);
}

export const goBool: Parser<boolean> = { expecting: 'true/false', parse: parseGoBool, format: String };

/** Any text; set but empty is a value too. */
export const anyText: Parser<string> = { expecting: 'text', parse: (text) => text, format: String };

/** Decimal digits with an optional sign. */
export const goInt: Parser<number> = {
  expecting: 'an integer',
  parse: (text) => (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
  format: String,
};

/** Permissions of a file, in octal digits: `0660`. */
export const fileMode: Parser<number> = {
  expecting: 'an octal file mode',
  parse: (text) => (/^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined),
  format: (mode) => mode.toString(8).padStart(4, '0'),
};

/** The number of a Unix group; the largest one stands for "no change" and is none. */
export const groupId: Parser<number> = {
  expecting: 'a group id',
  parse: (text) => (/^\d+$/.test(text) && Number(text) < 2 ** 32 - 1 ? Number(text) : undefined),
  format: String,
};

/** @see Go strconv.ParseFloat, without its hexadecimal and underscore forms */
export const goFloat: Parser<number> = {
  expecting: 'a floating-point value',
  parse: (text) =>
    /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))
      ? Number(text)
      : undefined,
  format: String,
};

/** Milliseconds, from Go's `1h2m3.5s`. */
export const goDuration: Parser<number> = {
  expecting: 'a duration',
  parse: (text) => {
    try {
      return parseDurationMs(text);
    } catch {
      return undefined; // what is wrong with it is said by the caller, for every kind alike
    }
  },
  format: formatDuration,
};

/** Texts between commas; an empty text is an empty list. */
export const commaList: Parser<readonly string[]> = {
  expecting: 'a comma-separated list',
  parse: (text) => (text === '' ? [] : text.split(',')),
  format: (list) => list.join(','),
};

/** Some of a few words. */
export function oneOf<const W extends string>(...words: readonly W[]): Parser<W> {
  return {
    expecting: words.join('/'),
    parse: (text) => words.find((word) => word === text),
    format: String,
  };
}
