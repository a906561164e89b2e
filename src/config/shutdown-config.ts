// How Envoy is drained and ended once the agent is told to stop. The time line is told by agent/shutdown-timeline.ts.
// Upstream: istio 1.31 pkg/envoy/agent.go for the first three settings; the others are ours.

import { formatDuration, SECOND_MS } from '../runtime/duration.ts';
import { ConfigError } from '../runtime/errors.ts';
import type { Env } from './env.ts';
import { warning, type Notice } from './notices.ts';
import type { ProxyConfig } from './proxy-config/proxy-config.ts';

export interface ShutdownConfig {
  /** `PRE_DRAIN_DELAY`: from the signal to the drain. */
  readonly preDrainDelayMs: number;
  /** `terminationDrainDuration`: from the drain to SIGTERM. */
  readonly terminationDrainMs: number;
  /** Wait for the end of open connections or requests instead of `terminationDrainMs`; undefined: do not. */
  readonly exitOnZero: ExitOnZero | undefined;
  /** From SIGTERM to SIGKILL; 0: SIGKILL at once, as upstream. */
  readonly terminationGraceMs: number;
  /** `TERMINATION_GRACE_PERIOD_SECONDS`: from the signal to the platform's own SIGKILL; undefined: not known. */
  readonly podGraceMs: number | undefined;
  /** A second SIGTERM ends without waiting. */
  readonly secondSignalAborts: boolean;
  /** `POST /drain` has Envoy drain. */
  readonly nativeSidecarDrain: boolean;
}

export interface ExitOnZero {
  readonly of: 'connections' | 'requests';
  /** `MINIMUM_DRAIN_DURATION`: from the drain to the first look. */
  readonly minimumDrainMs: number;
  /** `MAXIMUM_DRAIN_DURATION`: from the drain to SIGTERM, whatever is open; undefined: no limit. */
  readonly maximumDrainMs: number | undefined;
  /** Ports whose connections are probes and scrapes, not traffic. */
  readonly ignoredPorts: readonly number[];
}

/** @throws ConfigError naming a variable of ours that is negative; those of the reference count as 0, with a warning */
export function shutdownConfig(
  env: Env,
  proxyConfig: ProxyConfig,
  hotRestart: boolean,
  notices: Notice[],
): ShutdownConfig {
  const { preDrainDelayMs, envoyTermGraceMs, terminationGraceSeconds } = env;
  const podGraceMs = terminationGraceSeconds && terminationGraceSeconds * SECOND_MS;
  refuseNegative('PRE_DRAIN_DELAY', preDrainDelayMs);
  refuseNegative('ENVOY_TERM_GRACE', envoyTermGraceMs);
  refuseNegative('TERMINATION_GRACE_PERIOD_SECONDS', podGraceMs);
  refuseNegative('MAXIMUM_DRAIN_DURATION', env.maximumDrainMs);
  const terminationDrainMs = terminationDrain(env, proxyConfig, notices);
  return {
    preDrainDelayMs,
    terminationDrainMs: notNegative('terminationDrainDuration', terminationDrainMs, notices),
    exitOnZero: exitOnZero(env, notices),
    terminationGraceMs: envoyTermGraceMs ?? (hotRestart ? 2 * SECOND_MS : 0),
    podGraceMs,
    secondSignalAborts: env.secondSignal === 'abort',
    nativeSidecarDrain: env.nativeSidecarDrain,
  };
}

function terminationDrain(env: Env, proxyConfig: ProxyConfig, notices: Notice[]): number {
  const seconds = env.terminationDrainSeconds;
  if (seconds === undefined || seconds < 0) return proxyConfig.terminationDrainMs;
  notices.push(
    warning('TERMINATION_DRAIN_DURATION_SECONDS is deprecated, use ProxyConfig terminationDrainDuration'),
  );
  return seconds * SECOND_MS;
}

function exitOnZero(env: Env, notices: Notice[]): ExitOnZero | undefined {
  const { exitOnZeroActiveConnections, exitOnZeroActiveRequests, maximumDrainMs } = env;
  if (!exitOnZeroActiveConnections && !exitOnZeroActiveRequests) {
    if (maximumDrainMs !== undefined)
      notices.push(warning('MAXIMUM_DRAIN_DURATION has no effect: nothing is set that the drain waits for'));
    return undefined;
  }
  if (exitOnZeroActiveConnections && exitOnZeroActiveRequests) {
    const [stronger, weaker] = ['EXIT_ON_ZERO_ACTIVE_CONNECTIONS', 'EXIT_ON_ZERO_ACTIVE_REQUESTS'];
    notices.push(warning(`${weaker} has no effect: ${stronger} waits for idle connections as well`));
  }
  const minimumDrainMs = notNegative('MINIMUM_DRAIN_DURATION', env.minimumDrainMs, notices);
  if (maximumDrainMs !== undefined && maximumDrainMs < minimumDrainMs) {
    const [most, least] = [formatDuration(maximumDrainMs), formatDuration(minimumDrainMs)];
    notices.push(
      warning(`MAXIMUM_DRAIN_DURATION of ${most} ends a drain before MINIMUM_DRAIN_DURATION of ${least}`),
    );
  }
  const { envoyStatusPort, envoyPrometheusPort, envoySecureMetricsPort, envoySecureMergedMetricsPort } = env;
  const ports = [envoyStatusPort, envoyPrometheusPort, envoySecureMetricsPort, envoySecureMergedMetricsPort];
  return {
    of: exitOnZeroActiveConnections ? 'connections' : 'requests',
    minimumDrainMs,
    maximumDrainMs,
    ignoredPorts: ports.filter((port) => port !== 0),
  };
}

function refuseNegative(name: string, ms: number | undefined): void {
  if (ms !== undefined && ms < 0)
    throw new ConfigError(`${name} must not be negative, not ${formatDuration(ms)}`);
}

function notNegative(name: string, ms: number, notices: Notice[]): number {
  if (ms < 0) notices.push(warning(`${name} of ${formatDuration(ms)} counts as 0s`));
  return Math.max(0, ms);
}
