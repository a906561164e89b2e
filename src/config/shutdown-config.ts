// How Envoy is drained and ended once the agent is told to stop. The time line is told by agent/shutdown-timeline.ts.
// Upstream: istio 1.31 pkg/envoy/agent.go for the first three settings; the others are ours.

import { SECOND_MS } from '../runtime/duration.ts';
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

export function shutdownConfig(
  env: Env,
  proxyConfig: ProxyConfig,
  hotRestart: boolean,
  notices: Notice[],
): ShutdownConfig {
  const { terminationGraceSeconds } = env;
  return {
    preDrainDelayMs: env.preDrainDelayMs,
    terminationDrainMs: terminationDrain(env, proxyConfig, notices),
    exitOnZero: exitOnZero(env),
    terminationGraceMs: env.envoyTermGraceMs ?? (hotRestart ? 2 * SECOND_MS : 0),
    podGraceMs: terminationGraceSeconds === undefined ? undefined : terminationGraceSeconds * SECOND_MS,
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

function exitOnZero(env: Env): ExitOnZero | undefined {
  const { exitOnZeroActiveConnections, exitOnZeroActiveRequests, minimumDrainMs, maximumDrainMs } = env;
  if (!exitOnZeroActiveConnections && !exitOnZeroActiveRequests) return undefined;
  const { envoyStatusPort, envoyPrometheusPort, envoySecureMetricsPort, envoySecureMergedMetricsPort } = env;
  const ports = [envoyStatusPort, envoyPrometheusPort, envoySecureMetricsPort, envoySecureMergedMetricsPort];
  return {
    of: exitOnZeroActiveConnections ? 'connections' : 'requests',
    minimumDrainMs,
    maximumDrainMs,
    ignoredPorts: ports.filter((port) => port !== 0),
  };
}
