// Reads the environment through the table of variables: each with its exact parser. A bad value never
// stops the agent here; its default counts and a warning says so.
// Upstream: istio 1.31 pkg/env.

import type { EnvRow, VariableText } from './env-row.ts';
import { acceptedGroups } from './accepted-variables.ts';
import { envoyGroups, envoyVariables } from './envoy-variables.ts';
import { isSecretName, maskText } from './secrets.ts';
import { MASK } from '../runtime/redaction.ts';
import { workloadGroups, workloadVariables } from './workload-variables.ts';

export const envRows = { ...workloadVariables, ...envoyVariables };

/** Every variable that is known, by the titles of the reference; those of istio-iptables are in its command. */
export const variableGroups: Readonly<Record<string, readonly (VariableText | EnvRow<unknown>)[]>> = {
  ...rowsOf(workloadGroups),
  ...rowsOf(envoyGroups),
  ...acceptedGroups,
};

function rowsOf(groups: Readonly<Record<string, Readonly<Record<string, EnvRow<unknown>>>>>) {
  return Object.fromEntries(Object.entries(groups).map(([title, rows]) => [title, Object.values(rows)]));
}

export type Env = { readonly [K in keyof typeof envRows]: (typeof envRows)[K]['fallback'] };

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value that cannot be read. The default counts instead. */
export interface EnvRejection {
  readonly name: string;
  /** As it was given, secrets masked. */
  readonly text: string;
  /** What a value looks like, for example `true/false`. */
  readonly expecting: string;
  /** The default that counts, as one would write it; `unset` where there is none. */
  readonly used: string;
}

export interface EnvironmentValues {
  readonly values: Env;
  /** In the order of the table. */
  readonly rejections: readonly EnvRejection[];
}

export function readEnvironment(environment: Environment): EnvironmentValues {
  const rejections: EnvRejection[] = [];
  const rows: [string, EnvRow<unknown>][] = Object.entries(envRows);
  const pairs = rows.map(([key, row]): [string, unknown] => {
    const text = environment[row.name];
    const value = text === undefined ? row.fallback : row.parser.parse(text);
    if (text === undefined || value !== undefined) return [key, value];
    rejections.push(rejection(row, text));
    return [key, row.fallback];
  });
  return { values: Object.fromEntries(pairs) as Env, rejections };
}

function rejection({ name, parser, fallback, secret }: EnvRow<unknown>, text: string): EnvRejection {
  const used = fallback === undefined ? 'unset' : parser.format(fallback);
  return { name, text: secret ? MASK : maskText(text), expecting: parser.expecting, used };
}

/** Upstream's words, and the variable's name. */
export function rejectionText({ name, text, expecting, used }: EnvRejection): string {
  return `Invalid environment variable value \`${text}\`, expecting ${expecting}, defaulting to ${used} (${name})`;
}

/** Values of this environment that nobody may see, also where they occur again. */
export function environmentSecrets(environment: Environment): readonly string[] {
  return Object.entries(environment).flatMap(([name, text]) =>
    text !== undefined && isSecretName(name) ? [text] : [],
  );
}

/** The entries whose name begins with `prefix`, without it, in the environment's order. */
export function withPrefix(environment: Environment, prefix: string): Readonly<Record<string, string>> {
  const entries = Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith(prefix) && value !== undefined ? [[name.slice(prefix.length), value] as const] : [],
  );
  return Object.fromEntries(entries);
}
