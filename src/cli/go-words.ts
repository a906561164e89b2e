// Splits a command line into flags and positionals by the rules of Go's pflag, which differ from commander's in
// bool flags, shorthand clusters, empty values and unknown flags. Values are not parsed here.
// Upstream: spf13/pflag FlagSet.parseArgs.

import type { FlagRow } from '../config/flag-rows.ts';
import { ConfigError } from '../runtime/errors.ts';

/** What happens to a flag no row names. Ignoring also swallows the next word unless that begins with a dash. */
export type UnknownFlags = 'refuse' | 'ignore';

export interface SplitWords {
  /** In the order given. */
  readonly flags: readonly { readonly row: FlagRow<unknown>; readonly text: string }[];
  readonly positionals: readonly string[];
  /** The unknown flags as written, without values. */
  readonly ignored: readonly string[];
}

/** Where flags may stand: anywhere, or only before the first positional, which begins another program's words. */
export type FlagPlaces = 'anywhere' | 'first';

/** @throws ConfigError `unknown flag: --x`, `flag needs an argument: --x`, `bad flag syntax: --=x` */
export function splitGoWords(
  rows: readonly FlagRow<unknown>[],
  words: readonly string[],
  unknown: UnknownFlags,
  places: FlagPlaces = 'anywhere',
): SplitWords {
  const splitter = new Splitter(rows, words, unknown);
  splitter.run(places);
  return splitter;
}

class Splitter implements SplitWords {
  readonly flags: { row: FlagRow<unknown>; text: string }[] = [];
  readonly positionals: string[] = [];
  readonly ignored: string[] = [];
  readonly #rows: readonly FlagRow<unknown>[];
  readonly #rest: string[];
  readonly #unknown: UnknownFlags;

  constructor(rows: readonly FlagRow<unknown>[], words: readonly string[], unknown: UnknownFlags) {
    this.#rows = rows;
    this.#rest = [...words];
    this.#unknown = unknown;
  }

  run(places: FlagPlaces): void {
    for (let word = this.#rest.shift(); word !== undefined; word = this.#rest.shift()) {
      if (word === '--') {
        this.positionals.push(...this.#rest.splice(0));
      } else if (word.startsWith('--')) {
        this.#long(word);
      } else if (word.startsWith('-') && word !== '-') {
        this.#shorts(word);
      } else {
        this.positionals.push(word);
        if (places === 'first') this.positionals.push(...this.#rest.splice(0));
      }
    }
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    if (name === '' || name.startsWith('-')) throw new ConfigError(`bad flag syntax: ${word}`);
    const row = this.#rows.find((row) => row.name === name);
    if (row === undefined) {
      this.#ignore(`--${name}`, `unknown flag: --${name}`, equals >= 0);
      return;
    }
    const given = equals < 0 ? row.kind.alone : word.slice(equals + 1);
    this.#add(row, given ?? this.#argument(`--${name}`));
  }

  #shorts(word: string): void {
    for (let letters = word.slice(1); letters !== '';) letters = this.#short(letters, word);
  }

  /** @returns the letters still to read */
  #short(letters: string, word: string): string {
    const letter = letters.charAt(0);
    const row = this.#rows.find((row) => row.short === letter);
    const hasValue = letters.length > 2 && letters.charAt(1) === '=';
    if (row === undefined) {
      this.#ignore(`-${letter}`, `unknown shorthand flag: '${letter}' in ${word}`, hasValue);
      return hasValue ? '' : letters.slice(1);
    }
    if (hasValue) {
      this.#add(row, letters.slice(2));
      return '';
    }
    if (row.kind.alone !== undefined) {
      this.#add(row, row.kind.alone);
      return letters.slice(1);
    }
    this.#add(row, letters.length > 1 ? letters.slice(1) : this.#argument(`'${letter}' in ${word}`));
    return '';
  }

  #argument(shown: string): string {
    const next = this.#rest.shift();
    if (next === undefined) throw new ConfigError(`flag needs an argument: ${shown}`);
    return next;
  }

  #ignore(shown: string, refusal: string, hasValue: boolean): void {
    if (this.#unknown === 'refuse') throw new ConfigError(refusal);
    this.ignored.push(shown);
    if (!hasValue && this.#rest[0]?.startsWith('-') === false) this.#rest.shift();
  }

  #add(row: FlagRow<unknown>, text: string): void {
    this.flags.push({ row, text });
  }
}
