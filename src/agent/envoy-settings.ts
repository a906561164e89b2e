// What the supervisor is told, from the configuration.

import { readBootstrapOverride } from '../bootstrap/bootstrap-override.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { localAddressIpVersion, type ArgumentSettings } from '../envoy/arguments.ts';
import { DEFAULT_TIMING, type EnvoySettings } from '../envoy/settings.ts';
import type { Log } from '../runtime/log.ts';

export async function envoySettings(
  config: AgentConfig,
  binaryPath: string,
  instanceIps: readonly string[],
  log: Log,
): Promise<EnvoySettings> {
  const { envoy, supervision, pod } = config;
  const warn = (message: string): void => log.warn(message);
  const override = await readBootstrapOverride(envoy.bootstrapOverrideFile, pod.hostIp, warn);
  return {
    binaryPath,
    arguments: argumentSettings(config, instanceIps, override),
    admin: { host: loopback(instanceIps), port: envoy.adminPort },
    hotRestart: supervision.hotRestart,
    restartPolicy: supervision.restartPolicy,
    baseId: supervision.baseId,
    drainInboundOnly: config.nodeType === 'sidecar',
    terminationDrainMs: supervision.terminationDrainMs,
    terminationGraceMs: supervision.terminationGraceMs,
    exitOnZeroConnections: supervision.exitOnZeroConnections,
    env: envoy.environment,
    user: envoy.user,
    timing: {
      ...DEFAULT_TIMING,
      handoffTimeoutMs: supervision.handoffTimeoutMs,
      backoffMaxMs: supervision.backoffMaxMs,
      budgetResetMs: supervision.budgetResetMs,
    },
  };
}

/** Where Envoy's admin is reached from here. */
export function loopback(instanceIps: readonly string[]): string {
  return localAddressIpVersion(instanceIps) === 'v6' ? '::1' : '127.0.0.1';
}

function argumentSettings(
  { envoy, supervision }: AgentConfig,
  instanceIps: readonly string[],
  override: string | undefined,
): ArgumentSettings {
  return {
    drainDurationMs: supervision.drainMs,
    parentShutdownDurationMs: supervision.parentShutdownMs,
    skipParentStats: true,
    localAddressIpVersion: localAddressIpVersion(instanceIps),
    fileFlushIntervalMs: envoy.fileFlushIntervalMs,
    fileFlushMinSizeKb: envoy.fileFlushMinSizeKb,
    logLevel: envoy.logLevel,
    componentLogLevel: envoy.componentLogLevel,
    skipDeprecatedLogs: envoy.skipDeprecatedLogs,
    enableCoreDump: envoy.enableCoreDump,
    bootstrapOverride: override,
    concurrency: envoy.concurrency,
    extraArguments: envoy.extraArguments,
  };
}
