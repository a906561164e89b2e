// The command line of Envoy, as pure data. Order and spelling are those of the list that operators compare;
// hot mode replaces one item of it in place. Upstream: istio 1.31 pkg/envoy/proxy.go args.

import { isIPv6 } from 'node:net';

import { SECOND_MS } from '../../runtime/duration.ts';

export interface ArgumentSettings {
  /** Whole seconds in milliseconds. In a handoff it is the parent's own value that counts. */
  readonly drainDurationMs: number;
  /** Whole seconds in milliseconds, longer than the drain; hot mode only, and there the child's value counts. */
  readonly parentShutdownDurationMs: number;
  /** True keeps a child's counters honest and its main thread free of a dead parent. */
  readonly skipParentStats: boolean;
  readonly localAddressIpVersion: 'v4' | 'v6';
  readonly fileFlushIntervalMs: number;
  /** 0: Envoy's own default. */
  readonly fileFlushMinSizeKb: number;
  /** `--proxyLogLevel`: a level, `component:level` items, or both, comma separated. */
  readonly logLevel: string;
  /** `--proxyComponentLogLevel`; loses against components inside `logLevel`. */
  readonly componentLogLevel: string;
  readonly skipDeprecatedLogs: boolean;
  readonly enableCoreDump: boolean;
  /** Worker threads; 0: Envoy decides. Must not shrink between epochs. */
  readonly concurrency: number;
  /** Passed last, as given; checked by `checkExtraArguments`. */
  readonly extraArguments: readonly string[];
}

/** Where Envoy reads its configuration. */
export interface BootstrapFile {
  /** Value of `-c`. */
  readonly path: string;
  /** Value of `--config-yaml`, JSON that Envoy merges over that file; undefined: none. */
  readonly override: string | undefined;
}

/** What tells one process of a hot-restart line from another. */
export interface HotRestartIdentity {
  /** `--restart-epoch`, from 0. */
  readonly epoch: number;
  /** 1 to 65535. */
  readonly baseId: number;
}

/**
 * The whole argv after the binary.
 *
 * @param identity undefined: hot restart is off for this process
 */
export function envoyArguments(
  settings: ArgumentSettings,
  bootstrap: BootstrapFile,
  identity: HotRestartIdentity | undefined,
): string[] {
  const restart = identity === undefined ? ['--disable-hot-restart'] : restartArguments(settings, identity);
  return commandLine(settings, bootstrap, restart);
}

/**
 * The argv of a run that only looks at a bootstrap: the same as when serving, without the restart protocol.
 *
 * `init_only` gets an admin port of its own, because the running Envoy owns the configured one.
 */
export function preflightArguments(
  settings: ArgumentSettings,
  { path, override }: BootstrapFile,
  mode: 'validate' | 'init_only',
): string[] {
  const bootstrap = { path, override: mode === 'init_only' ? withEphemeralAdmin(override) : override };
  return commandLine(settings, bootstrap, ['--disable-hot-restart', '--mode', mode]);
}

/** `v6` only when every address is IPv6. */
export function localAddressIpVersion(nodeIps: readonly string[]): 'v4' | 'v6' {
  return nodeIps.length > 0 && nodeIps.every((ip) => isIPv6(ip)) ? 'v6' : 'v4';
}

export interface LogLevels {
  readonly level: string | undefined;
  /** `component:level`, in order. */
  readonly components: readonly string[];
  /** Items with more than one colon; they are left out, and the caller should say so. */
  readonly dropped: readonly string[];
}

/** Splits `--proxyLogLevel`; of several plain levels the last one wins. */
export function splitLogLevel(text: string): LogLevels {
  const items = text.split(',').filter((item) => item !== '');
  const colons = (item: string): number => item.split(':').length - 1;
  return {
    level: items.findLast((item) => colons(item) === 0),
    components: items.filter((item) => colons(item) === 1),
    dropped: items.filter((item) => colons(item) > 1),
  };
}

function restartArguments(settings: ArgumentSettings, identity: HotRestartIdentity): string[] {
  return [
    ...flag('--restart-epoch', String(identity.epoch)),
    ...flag('--base-id', String(identity.baseId)),
    ...flag('--parent-shutdown-time-s', wholeSeconds(settings.parentShutdownDurationMs)),
    ...(settings.skipParentStats ? ['--skip-hot-restart-parent-stats'] : []),
  ];
}

function commandLine(
  settings: ArgumentSettings,
  { path, override }: BootstrapFile,
  restart: readonly string[],
): string[] {
  return [
    ...flag('-c', path),
    ...flag('--drain-time-s', wholeSeconds(settings.drainDurationMs)),
    ...flag('--drain-strategy', 'immediate'),
    ...flag('--local-address-ip-version', settings.localAddressIpVersion),
    ...flag('--file-flush-interval-msec', String(Math.trunc(settings.fileFlushIntervalMs))),
    ...restart,
    '--allow-unknown-static-fields',
    ...numberFlag('--file-flush-min-size-kb', settings.fileFlushMinSizeKb),
    ...logArguments(settings),
    ...(settings.skipDeprecatedLogs ? ['--skip-deprecated-logs'] : []),
    ...(settings.enableCoreDump ? ['--enable-core-dump'] : []),
    ...(override === undefined ? [] : ['--config-yaml', override]),
    ...numberFlag('--concurrency', settings.concurrency),
    ...settings.extraArguments,
  ];
}

function logArguments(settings: ArgumentSettings): string[] {
  const { level, components } = splitLogLevel(settings.logLevel);
  const componentLevels = components.length > 0 ? components.join(',') : settings.componentLogLevel;
  return [
    ...(level === undefined ? [] : ['-l', level]),
    ...(componentLevels === '' ? [] : ['--component-log-level', componentLevels]),
  ];
}

/** Envoy's parser takes the value as an item of its own only. */
function flag(name: string, value: string): string[] {
  return [name, value];
}

function numberFlag(name: string, value: number): string[] {
  return value > 0 ? flag(name, String(value)) : [];
}

function wholeSeconds(ms: number): string {
  return String(Math.trunc(ms / SECOND_MS));
}

/** Envoy takes `--config-yaml` once, so the admin port goes into the override that is there already. */
function withEphemeralAdmin(override: string | undefined): string {
  const address = { socket_address: { port_value: 0 } };
  const parsed = override === undefined ? {} : (JSON.parse(override) as { readonly admin?: object });
  return JSON.stringify({ ...parsed, admin: { ...parsed.admin, address } });
}
