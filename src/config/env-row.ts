// One row of the environment table: name, kind, default, meaning, and what has to be known about it beside that.
// Reading the rows is env.ts.

import type { Parser } from './parsers.ts';

export interface EnvRowMarks {
  /** True: nobody may see the value, in no listing and no warning. Default false. */
  readonly secret?: true;
  /** Why setting it changes nothing; undefined when it has its effect. */
  readonly noEffect?: string;
}

/** What a list says of a variable. */
export interface VariableText extends EnvRowMarks {
  /** With `*` at the end for a family of names. */
  readonly name: string;
  readonly help: string;
}

export interface EnvRow<T> extends VariableText {
  readonly parser: Parser<T>;
  readonly fallback: T;
}

export function row<T>(
  name: string,
  parser: Parser<T>,
  fallback: NoInfer<T>,
  help: string,
  marks: EnvRowMarks = {},
): EnvRow<T> {
  return { name, parser, fallback, help, ...marks };
}

/** A variable for which unset differs from every value. */
export function optional<T>(
  name: string,
  parser: Parser<T>,
  help: string,
  marks: EnvRowMarks = {},
): EnvRow<T | undefined> {
  const wider = parser as Parser<T | undefined>;
  return { name, parser: wider, fallback: undefined, help, ...marks };
}
