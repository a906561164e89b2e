// One row of the environment table: name, kind, default, meaning. Reading the rows is env.ts.

import type { Parser } from './parsers.ts';

export interface EnvRow<T> {
  readonly name: string;
  readonly parser: Parser<T>;
  readonly fallback: T;
  readonly help: string;
}

export function row<T>(name: string, parser: Parser<T>, fallback: NoInfer<T>, help: string): EnvRow<T> {
  return { name, parser, fallback, help };
}

/** A variable for which unset differs from every value. */
export function optional<T>(name: string, parser: Parser<T>, help: string): EnvRow<T | undefined> {
  const wider = parser as Parser<T | undefined>;
  return { name, parser: wider, fallback: undefined, help };
}
