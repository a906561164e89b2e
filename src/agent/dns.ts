// The DNS server as part of the agent: decided before a port is open, started before everything that may need names.
// Most proxies have none, and load none.

import type { AgentConfig } from '../config/agent-config.ts';
import type { DnsMetrics } from '../dns/metrics.ts';
import type { Resolvers } from '../dns/forward/resolvers.ts';
import type { DnsPlan } from '../dns/plan.ts';
import type { DnsServer } from '../dns/server.ts';
import type { Clock } from '../runtime/clock.ts';
import { AgentError } from '../runtime/errors.ts';
import { readTextIfExists } from '../runtime/files.ts';
import type { Log } from '../runtime/log.ts';
import { failedAt } from './stages.ts';

const STAGE = 'failed to start local DNS server';

export interface DnsDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Undefined for a proxy without a DNS server.
 *
 * @throws ConfigError when it could not be started
 */
export async function dnsPlan(config: AgentConfig, log: Log): Promise<DnsPlan | undefined> {
  if (!config.dnsServer) return undefined;
  const settings = {
    address: config.env.dnsProxyAddress,
    isRoot: config.envoy.user !== undefined, // Envoy has a user of its own when, as root, we listen on port 53
  };
  const { planDns } = await import('../dns/plan.ts');
  try {
    return await planDns(settings, { readText: readTextIfExists, log: log.child('dns') });
  } catch (error) {
    throw failedAt(STAGE, error);
  }
}

/** @throws AgentError naming the address that cannot be bound */
export async function startDns(
  plan: DnsPlan,
  { env, pod, domain }: AgentConfig,
  { clock, random, log }: DnsDeps,
  metrics: DnsMetrics,
): Promise<DnsServer> {
  const scope = log.child('dns');
  const settings = {
    ...plan,
    respondBeforeSync: plan.respondBeforeSync || env.dnsRespondBeforeSync,
    flattenWildcards: env.dnsWildcardCname === 'flatten',
    namespace: pod.namespace,
    domain,
    parallel: env.dnsForwardParallel,
    timeoutMs: env.dnsForwardTimeoutMs,
    retries: Math.max(env.dnsForwardRetries, plan.retries),
    hedgeMs: env.dnsForwardHedgeMs,
    cacheSize: env.dnsForwardCacheSize,
  };
  const { DnsServer } = await import('../dns/server.ts');
  try {
    return await DnsServer.start(settings, { clock, random, log: scope, metrics });
  } catch (error) {
    throw failedAt(STAGE, error);
  }
}

/** Has the server ask those that the resolver file names, as it changes, until this is disposed of. */
export function followResolvers(
  { resolverFile }: DnsPlan,
  server: Pick<DnsServer, 'useResolvers'>,
  { env }: AgentConfig,
  { clock, log }: Pick<DnsDeps, 'clock' | 'log'>,
): AsyncDisposable {
  const stop = new AbortController();
  const follow = async (): Promise<void> => {
    const { followResolverFile } = await import('../dns/forward/resolver-file.ts');
    const changed = (said: Resolvers): void =>
      server.useResolvers({ ...said, retries: Math.max(env.dnsForwardRetries, said.retries) });
    const deps = { clock, log: log.child('dns'), readText: readTextIfExists };
    await followResolverFile(resolverFile, deps, changed, stop.signal);
  };
  const following = follow().catch(() => undefined); // it ends when it is told to, and for no other reason
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new AgentError('the agent is closing'));
      await following;
    },
  };
}
