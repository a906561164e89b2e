// What the supervisor is told, from the configuration.

import type { AgentConfig } from '../config/agent-config.ts';
import {
  envoyArguments,
  localAddressIpVersion,
  splitLogLevel,
  type ArgumentSettings,
} from '../envoy/process/arguments.ts';
import { checkExtraArguments } from '../envoy/process/extra-arguments.ts';
import { DEFAULT_TIMING, type EnvoySettings } from '../envoy/settings.ts';
import type { Log } from '../runtime/log.ts';

/** @throws ConfigError naming ENVOY_EXTRA_ARGS and the flag in it */
export function envoySettings(
  config: AgentConfig,
  binaryPath: string,
  instanceIps: readonly string[],
  log: Log,
): EnvoySettings {
  const { envoy, supervision } = config;
  const args = argumentSettings(config, instanceIps);
  checkArguments(args, supervision.hotRestart, log);
  return {
    binaryPath,
    admin: { host: loopback(instanceIps), port: envoy.adminPort },
    hotRestart: supervision.hotRestart,
    restartPolicy: supervision.restartPolicy,
    baseId: supervision.baseId,
    memoryCheck: supervision.memoryCheck,
    drainInboundOnly: config.nodeType === 'sidecar',
    shutdown: supervision.shutdown,
    env: envoy.environment,
    user: envoy.user,
    timing: {
      ...DEFAULT_TIMING,
      handoffTimeoutMs: supervision.handoffTimeoutMs,
      handoffSoakMs: supervision.handoffSoakMs,
      backoffMaxMs: supervision.backoffMaxMs,
      budgetResetMs: supervision.budgetResetMs,
    },
  };
}

/** @throws ConfigError naming a flag in ENVOY_EXTRA_ARGS that cannot be passed */
function checkArguments(args: ArgumentSettings, hotRestart: boolean, log: Log): void {
  const identity = hotRestart ? { epoch: 0, baseId: 1 } : undefined;
  const bootstrap = { path: '', override: undefined };
  const own = envoyArguments({ ...args, extraArguments: [] }, bootstrap, identity);
  checkExtraArguments(args.extraArguments, own);
  const { dropped } = splitLogLevel(args.logLevel);
  if (dropped.length > 0) log.warn(`--proxyLogLevel: ignored ${dropped.join(', ')}, not component:level`);
}

/** Where Envoy's admin is reached from here. */
export function loopback(instanceIps: readonly string[]): string {
  return localAddressIpVersion(instanceIps) === 'v6' ? '::1' : '127.0.0.1';
}

/** The command line of an Envoy that is started with this configuration. */
export function argumentSettings(
  { envoy, supervision }: AgentConfig,
  instanceIps: readonly string[],
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
    concurrency: envoy.concurrency,
    extraArguments: envoy.extraArguments,
  };
}
