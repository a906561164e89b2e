// Settings the reference honours and this version does not yet: they are said to have no effect, all by name and at
// once.

import { isDeepStrictEqual } from 'node:util';

import type { AgentConfig } from '../config/agent-config.ts';
import type { EnvRow } from '../config/env-row.ts';
import { envRows, type Env } from '../config/env.ts';

/** The settings that are set and have no effect, separated by commas; empty: none. */
export function withoutEffect(config: AgentConfig): string {
  return named(ignored(config));
}

type Setting = readonly [isSet: boolean, name: string];

function named(settings: readonly Setting[]): string {
  return settings.flatMap(([isSet, name]) => (isSet ? [name] : [])).join(', ');
}

/** Variables whose row says that setting them changes nothing; at their defaults nobody misses anything. */
function unread(env: Env): readonly Setting[] {
  const rows = Object.entries(envRows) as [keyof Env, EnvRow<unknown>][];
  return rows.flatMap(([key, { name, fallback, noEffect }]) =>
    noEffect === undefined ? [] : [[!isDeepStrictEqual(env[key], fallback), name] as const],
  );
}

function ignored({ env, proxyConfig }: AgentConfig): readonly Setting[] {
  return [...unread(env), [proxyConfig.json['readinessProbe'] !== undefined, 'readinessProbe']];
}
