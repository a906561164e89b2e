// How Envoy is run and restarted: flags win over variables, variables over ProxyConfig.
// Upstream: Istio 1.7 pkg/envoy for the epochs; 1.31 knows only the drain.

import { HOUR_MS, formatDuration, SECOND_MS } from '../runtime/duration.ts';
import { ConfigError } from '../runtime/errors.ts';
import type { Env } from './env.ts';
import { warning, type Notice } from './notices.ts';
import type { ProxyConfig } from './proxy-config/proxy-config.ts';
import type { ProxyFlagValues } from './proxy-flags.ts';
import { shutdownConfig, type ShutdownConfig } from './shutdown-config.ts';

export type RestartPolicy = 'never' | 'on-failure' | 'always';

export interface SupervisionConfig {
  readonly hotRestart: boolean;
  readonly restartPolicy: RestartPolicy;
  /** True: the agent ends with Envoy's own exit code. */
  readonly propagateExitCode: boolean;
  /** Whole seconds; likewise the next one, which is longer. */
  readonly drainMs: number;
  readonly parentShutdownMs: number;
  readonly shutdown: ShutdownConfig;
  /** Undefined: a free one is chosen. */
  readonly baseId: number | undefined;
  readonly handoffTimeoutMs: number;
  /** How long a new epoch must stay live before its configuration counts as good. */
  readonly handoffSoakMs: number;
  /** Refuse a hot restart where two Envoys do not fit into the memory limit. */
  readonly memoryCheck: boolean;
  /** From the first change of a file until it is looked at. */
  readonly debounceMs: number;
  /** Longest random wait before a restart that a file asked for. */
  readonly jitterMs: number;
  readonly restartOnLabelChange: boolean;
  readonly backoffMaxMs: number;
  readonly budgetResetMs: number;
}

/** @throws ConfigError naming the flag or the variable */
export function supervisionConfig(
  flags: ProxyFlagValues,
  env: Env,
  proxyConfig: ProxyConfig,
  notices: Notice[],
): SupervisionConfig {
  const hotRestart = flags.hotRestart ?? env.hotRestart;
  const parentShutdownMs = parentShutdown(hotRestart, flags, env, proxyConfig, notices);
  if (hotRestart) checkDurations(proxyConfig.drainMs, parentShutdownMs);
  return {
    hotRestart,
    restartPolicy: restartPolicy(flags.restartPolicy) ?? env.restartPolicy,
    propagateExitCode: propagates(flags.exitCodePolicy),
    drainMs: proxyConfig.drainMs,
    parentShutdownMs,
    shutdown: shutdownConfig(env, proxyConfig, hotRestart, notices),
    baseId: baseIdOf(env),
    handoffTimeoutMs: env.handoffTimeoutMs,
    handoffSoakMs: env.handoffSoakMs,
    memoryCheck: env.restartMemoryCheck,
    debounceMs: Math.max(0, env.restartDebounceMs),
    jitterMs: Math.max(0, env.restartJitterMs),
    restartOnLabelChange: env.restartOnLabelChange,
    backoffMaxMs: env.restartBackoffMaxMs,
    budgetResetMs: env.restartResetAfterMs,
  };
}

const DEFAULT_PARENT_SHUTDOWN_MS = 60 * SECOND_MS;
/** How much longer than the drain an old Envoy lives by default: 60 s against 45 s. */
const PARENT_SHUTDOWN_MARGIN_MS = 15 * SECOND_MS;

/** Nobody who only lengthened the drain must be refused: the default then grows with it. */
function parentShutdown(
  hotRestart: boolean,
  flags: ProxyFlagValues,
  env: Env,
  proxyConfig: ProxyConfig,
  notices: Notice[],
): number {
  const { drainMs } = proxyConfig;
  if (!hotRestart && proxyConfig.parentShutdownMs !== undefined) {
    notices.push(warning('parentShutdownDuration is ignored: hot restart is off'));
  }
  const given = flags.parentShutdownDuration ?? env.parentShutdownMs ?? proxyConfig.parentShutdownMs;
  if (given !== undefined || drainMs < DEFAULT_PARENT_SHUTDOWN_MS) return given ?? DEFAULT_PARENT_SHUTDOWN_MS;
  const grown = drainMs + PARENT_SHUTDOWN_MARGIN_MS;
  if (hotRestart) {
    const drain = formatDuration(drainMs);
    notices.push(
      warning(`parentShutdownDuration is ${formatDuration(grown)}, to outlast the drain of ${drain}`),
    );
  }
  return grown;
}

function checkDurations(drainMs: number, parentMs: number): void {
  const [drain, parent] = [formatDuration(drainMs), formatDuration(parentMs)];
  if (parentMs % SECOND_MS !== 0) {
    throw new ConfigError(`parent shutdown time only supports durations to seconds precision, not ${parent}`);
  }
  if (drainMs > HOUR_MS) throw new ConfigError(`drain time ${drain} must not be longer than 1h`);
  if (parentMs <= drainMs) {
    throw new ConfigError(`parent shutdown time ${parent} must be greater than drain time ${drain}`);
  }
  // a drain of nearly an hour has to be outlasted as well
  if (parentMs > Math.max(HOUR_MS, drainMs + PARENT_SHUTDOWN_MARGIN_MS)) {
    throw new ConfigError(`parent shutdown time ${parent} must not be longer than 1h`);
  }
}

/** Envoy multiplies it by ten, and other Envoys on the machine take 0 by default. */
const MAX_BASE_ID = 65_535;

function baseIdOf({ envoyBaseId: baseId }: Env): number | undefined {
  if (baseId === undefined || (baseId >= 1 && baseId <= MAX_BASE_ID)) return baseId;
  throw new ConfigError(`ENVOY_BASE_ID must be 1 to ${MAX_BASE_ID}, not ${baseId}`);
}

function restartPolicy(text: string): RestartPolicy | undefined {
  if (text === '') return undefined;
  if (text === 'never' || text === 'on-failure' || text === 'always') return text;
  throw new ConfigError(`--restart-policy must be never, on-failure or always, not "${text}"`);
}

function propagates(text: string): boolean {
  if (text !== '' && text !== 'propagate') {
    throw new ConfigError(`--exit-code-policy must be propagate or absent, not "${text}"`);
  }
  return text === 'propagate';
}
