// Settings that change nothing here, some of which the reference honours: they are said to have no effect, all by name
// and at once.

import { isDeepStrictEqual } from 'node:util';

import type { AgentConfig } from '../config/agent-config.ts';
import { envRows } from '../config/env.ts';
import { logFlags } from '../config/log-flags.ts';
import { proxyFlags } from '../config/proxy-flags.ts';

/** The settings that are set and have no effect, separated by commas; empty: none. */
export function withoutEffect({ env, flags, proxyConfig }: AgentConfig): string {
  const givenFlags = givenInVain({ ...proxyFlags, ...logFlags }, flags).map((name) => `--${name}`);
  const hasProbe = proxyConfig.json['readinessProbe'] !== undefined;
  return [...givenFlags, ...givenInVain(envRows, env), ...(hasProbe ? ['readinessProbe'] : [])].join(', ');
}

interface Row {
  readonly name: string;
  readonly fallback: unknown;
  readonly noEffect?: string;
}

/** Names whose row says that setting them changes nothing; at their defaults nobody misses anything. */
function givenInVain<K extends string>(
  rows: Readonly<Record<K, Row>>,
  values: Readonly<Record<K, unknown>>,
): readonly string[] {
  return (Object.entries(rows) as [K, Row][]).flatMap(([key, { name, fallback, noEffect }]) =>
    noEffect === undefined || isDeepStrictEqual(values[key], fallback) ? [] : [name],
  );
}
