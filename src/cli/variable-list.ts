// Every known variable with the value it has in an environment: what `agent env` prints. Secrets are masked here.

import type { EnvRow, VariableText } from '../config/env-row.ts';
import { environmentSecrets, variableGroups, type Environment } from '../config/env.ts';
import { isSecretName, maskText } from '../config/secrets.ts';
import { MASK } from '../runtime/redaction.ts';
import { captureVariables } from './istio-iptables-request.ts';

export interface ListedVariable {
  readonly group: string;
  readonly name: string;
  /** What counts, as one would write it; undefined: unset, which differs from every value. */
  readonly value: string | undefined;
  readonly source: 'set' | 'default';
  /** A value that was given and cannot be read. */
  readonly rejected?: { readonly text: string; readonly expecting: string };
  /** Why it changes nothing. */
  readonly noEffect?: string;
}

type Variable = VariableText | EnvRow<unknown>;

/** By the titles of the reference, each name once. */
export function allVariableGroups(): Readonly<Record<string, readonly Variable[]>> {
  const known = new Set(Object.values(variableGroups).flatMap((group) => group.map(({ name }) => name)));
  const capture = captureVariables().filter(({ name }) => !known.has(name));
  return { ...variableGroups, 'istio-iptables': capture };
}

/** In the order of the reference. What no row reads, and families, are listed only where they are set. */
export function listVariables(environment: Environment): readonly ListedVariable[] {
  const secrets = environmentSecrets(environment);
  return Object.entries(allVariableGroups()).flatMap(([group, variables]) =>
    variables.flatMap((variable) =>
      named(variable, environment).map((entry) => listed(group, variable, entry, secrets)),
    ),
  );
}

/** A name and its text in the environment. */
type Entry = readonly [name: string, text: string | undefined];

function named(variable: Variable, environment: Environment): readonly Entry[] {
  const { name } = variable;
  if ('parser' in variable) return [[name, environment[name]]];
  const names = name.endsWith('*')
    ? Object.keys(environment).filter((each) => each.startsWith(name.slice(0, -1)) && !isRow(each))
    : [name];
  return names.flatMap((each) => (environment[each] === undefined ? [] : [[each, environment[each]]]));
}

function isRow(name: string): boolean {
  return Object.values(variableGroups).some((group) =>
    group.some((variable) => 'parser' in variable && variable.name === name),
  );
}

function listed(
  group: string,
  variable: Variable,
  [name, text]: Entry,
  secrets: readonly string[],
): ListedVariable {
  const marks = variable.noEffect === undefined ? {} : { noEffect: variable.noEffect };
  const known = { group, name, ...marks };
  const isSecret = variable.secret ?? isSecretName(name);
  const show = (value: string): string => (isSecret && value !== '' ? MASK : maskText(value, secrets));
  if (!('parser' in variable)) return { ...known, value: text && show(text), source: 'set' };
  const { parser, fallback } = variable;
  if (text === undefined) return { ...known, value: formatted(variable, fallback), source: 'default' };
  const value = parser.parse(text);
  if (value !== undefined) return { ...known, value: show(parser.format(value)), source: 'set' };
  const used = 'zero' in variable ? variable.zero : fallback;
  const rejected = { text: show(text), expecting: parser.expecting };
  return { ...known, value: formatted(variable, used), source: 'default', rejected };
}

function formatted({ parser }: EnvRow<unknown>, value: unknown): string | undefined {
  return value === undefined ? undefined : parser.format(value);
}
