// Flags as data: a row per flag with its kind, default and help, and the exact text each kind accepts. How words
// on a command line become values is cli/go-flags.ts.
// Upstream: spf13/pflag values over Go's strconv.

import { formatDuration, parseDurationMs } from '../runtime/duration.ts';
import { ConfigError } from '../runtime/errors.ts';
import { goQuote } from './go-quote.ts';
import { parseGoBool } from './parsers.ts';

export interface FlagKind<T> {
  /** What the help shows as the value. */
  readonly type: string;
  /** Go's zero value of the kind; not the default of a flag. */
  readonly zero: T;
  /** Value of the flag given alone; undefined when the flag needs an argument. */
  readonly alone: string | undefined;
  /** @param previous earlier explicit uses of the same flag. @throws ConfigError saying what is wrong with the text */
  parse(text: string, previous: T | undefined): T;
  /** Go's spelling of a value. */
  format(value: T): string;
}

export interface FlagMarks {
  /** The values a shell offers; undefined: any text. Nothing is refused by it. */
  readonly choices?: readonly string[];
  /** Why giving it changes nothing; undefined when it has its effect. */
  readonly noEffect?: string;
}

export interface FlagRow<T> extends FlagMarks {
  /** Without dashes, for example `log_target`. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  readonly kind: FlagKind<T>;
  readonly fallback: T;
  readonly help: string;
}

export type FlagTable = Readonly<Record<string, FlagRow<unknown>>>;

/** The values of a table: every flag has one, given or default. */
export type FlagValues<R extends FlagTable> = { readonly [K in keyof R]: R[K]['fallback'] };

export function flag<T>(
  name: string,
  kind: FlagKind<T>,
  fallback: NoInfer<T>,
  help: string,
  short?: string,
  marks: FlagMarks = {},
): FlagRow<T> {
  return { name, kind, fallback, help, ...(short !== undefined && { short }), ...marks };
}

/** The defaults of a table, as if no flag had been given. */
export function flagDefaults<R extends FlagTable>(rows: R): FlagValues<R> {
  const pairs = Object.entries(rows).map(([key, row]) => [key, row.fallback]);
  return Object.fromEntries(pairs) as FlagValues<R>;
}

/** One line per flag, sorted by name, as the start of a long-running command logs them. */
export function flagLines(rows: FlagTable, values: Readonly<Record<string, unknown>>): string[] {
  const lines = Object.entries(rows).map(([key, { name, kind }]) => {
    const value = values[key];
    return `FLAG: --${name}=${goQuote(value === undefined ? '' : kind.format(value))}`;
  });
  return [...lines, 'FLAG: --help="false"'].sort();
}

export const STRING: FlagKind<string> = {
  type: 'string',
  zero: '',
  alone: undefined,
  parse: (text) => text,
  format: (value) => value,
};

/** One of these words and nothing else; the first is the zero. */
export function wordKind<const W extends string>(...words: readonly [W, ...W[]]): FlagKind<W> {
  const parse = (text: string): W => {
    const word = words.find((known) => known === text);
    if (word === undefined) throw new ConfigError(`must be ${words.join(' or ')}`);
    return word;
  };
  return { type: 'string', zero: words[0], alone: undefined, parse, format: (word) => word };
}

export const BOOL: FlagKind<boolean> = {
  type: 'bool',
  zero: false,
  alone: 'true',
  parse: (text) => {
    const value = parseGoBool(text);
    if (value === undefined) throw syntaxError('ParseBool', text);
    return value;
  },
  format: String,
};

/** 64 bits; above 2^53 the value is the nearest number JavaScript has. */
export const INT = integerKind('int', 'ParseInt', -(2n ** 63n), 2n ** 63n - 1n);
export const INT32 = integerKind('int32', 'ParseInt', -(2n ** 31n), 2n ** 31n - 1n);
export const UINT16 = integerKind('uint16', 'ParseUint', 0n, 65_535n);

/** Milliseconds. */
export const DURATION_MS: FlagKind<number> = {
  type: 'duration',
  zero: 0,
  alone: undefined,
  parse: parseDurationMs,
  format: formatDuration,
};

/** Every explicit use adds one entry; commas do not split. The first use drops the default. */
export const STRING_ARRAY: FlagKind<readonly string[]> = {
  type: 'stringArray',
  zero: [],
  alone: undefined,
  parse: (text, previous = []) => [...previous, text],
  format: (values) => `[${values.join(',')}]`,
};

function integerKind(type: string, parser: string, min: bigint, max: bigint): FlagKind<number> {
  const parse = (text: string): number => {
    const value = goInteger(text, min < 0n);
    if (value === undefined) throw syntaxError(parser, text);
    if (value < min || value > max) {
      throw new ConfigError(`strconv.${parser}: parsing ${goQuote(text)}: value out of range`);
    }
    return Number(value);
  };
  return { type, zero: 0, alone: undefined, parse, format: String };
}

const GO_INTEGER =
  /^([+-]?)(?:0[xX]((?:_?[\da-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]?((?:_?[0-7])+)|(0|[1-9](?:_?\d)*))$/;

/** @see Go strconv.ParseInt with base 0 */
function goInteger(text: string, signed: boolean): bigint | undefined {
  const [, sign = '', hex, binary, octal, decimal = ''] = GO_INTEGER.exec(text) ?? [];
  const digits = (hex && `0x${hex}`) ?? (binary && `0b${binary}`) ?? (octal && `0o${octal}`) ?? decimal;
  if (digits === '' || (sign !== '' && !signed)) return undefined;
  const value = BigInt(digits.replaceAll('_', ''));
  return sign === '-' ? -value : value;
}

function syntaxError(parser: string, text: string): ConfigError {
  return new ConfigError(`strconv.${parser}: parsing ${goQuote(text)}: invalid syntax`);
}
