// Settings of a supervisor under test: the product's defaults with short durations.

import type { ShutdownConfig } from '../../../src/config/shutdown-config.ts';
import type { ArgumentSettings } from '../../../src/envoy/process/arguments.ts';
import { DEFAULT_TIMING, type EnvoySettings } from '../../../src/envoy/settings.ts';
import type { BootstrapLaunch, WrittenBootstrap } from '../../../src/envoy/process/written-bootstrap.ts';

export function argumentSettings(changes: Partial<ArgumentSettings> = {}): ArgumentSettings {
  return {
    drainDurationMs: 1000,
    parentShutdownDurationMs: 2000,
    skipParentStats: true,
    localAddressIpVersion: 'v4',
    fileFlushIntervalMs: 1000,
    fileFlushMinSizeKb: 0,
    logLevel: 'info',
    componentLogLevel: '',
    skipDeprecatedLogs: false,
    enableCoreDump: false,
    concurrency: 2,
    extraArguments: [],
    ...changes,
  };
}

export function envoySettings(changes: Partial<EnvoySettings> = {}): EnvoySettings {
  return {
    binaryPath: '/usr/local/bin/envoy',
    admin: { host: '127.0.0.1', port: 15000 },
    hotRestart: true,
    restartPolicy: 'on-failure',
    baseId: undefined,
    memoryCheck: true,
    drainInboundOnly: true,
    shutdown: shutdown(),
    env: {},
    user: undefined,
    timing: DEFAULT_TIMING,
    ...changes,
  };
}

/** The defaults of an agent with hot restart. */
export function shutdown(changes: Partial<ShutdownConfig> = {}): ShutdownConfig {
  return {
    preDrainDelayMs: 0,
    terminationDrainMs: 5000,
    exitOnZero: undefined,
    terminationGraceMs: 2000,
    podGraceMs: undefined,
    secondSignalAborts: false,
    nativeSidecarDrain: true,
    ...changes,
  };
}

/** What a test may want to be different. */
export type Written = Omit<WrittenBootstrap, 'path' | 'again'>;

/** A file that is there, whoever it is written for. */
export function bootstrapAt(path: string, changes: Partial<Written> = {}): WrittenBootstrap {
  const again = (): Promise<WrittenBootstrap> => Promise.resolve(bootstrapAt(path, changes));
  return { path, override: undefined, hash: 'same', arguments: argumentSettings(), again, ...changes };
}

/** @param write writes the same content at every call, and gives the path */
export async function writtenBootstrap(
  launch: BootstrapLaunch,
  write: (launch: BootstrapLaunch) => Promise<string> | string,
  changes: Partial<Written> = {},
): Promise<WrittenBootstrap> {
  const path = await write(launch);
  return { ...bootstrapAt(path, changes), again: (next) => writtenBootstrap(next, write, changes) };
}
