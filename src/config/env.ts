// Reads the environment through the table of variables: each with its exact parser. A bad value never
// stops the agent here; its default counts and a warning says so.
// Upstream: istio 1.31 pkg/env.

import type { EnvRow } from './env-row.ts';
import { envoyVariables } from './envoy-variables.ts';
import { workloadVariables } from './workload-variables.ts';

export const envRows = { ...workloadVariables, ...envoyVariables };

export type Env = { readonly [K in keyof typeof envRows]: (typeof envRows)[K]['fallback'] };

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentValues {
  readonly values: Env;
  /** One per variable whose text could not be read. */
  readonly warnings: readonly string[];
}

export function readEnvironment(environment: Environment): EnvironmentValues {
  const warnings: string[] = [];
  const rows: [string, EnvRow<unknown>][] = Object.entries(envRows);
  const pairs = rows.map(([key, row]): [string, unknown] => {
    const text = environment[row.name];
    const value = text === undefined ? row.fallback : row.parser.parse(text);
    if (text === undefined || value !== undefined) return [key, value];
    warnings.push(rejection(row, text));
    return [key, row.fallback];
  });
  return { values: Object.fromEntries(pairs) as Env, warnings };
}

function rejection({ name, parser, fallback }: EnvRow<unknown>, text: string): string {
  const used = fallback === undefined ? 'unset' : parser.format(fallback);
  const problem = `Invalid environment variable value \`${text}\`, expecting ${parser.expecting}`;
  return `${problem}, defaulting to ${used} (${name})`;
}

/** The entries whose name begins with `prefix`, without it, in the environment's order. */
export function withPrefix(environment: Environment, prefix: string): Readonly<Record<string, string>> {
  const entries = Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith(prefix) && value !== undefined ? [[name.slice(prefix.length), value] as const] : [],
  );
  return Object.fromEntries(entries);
}
