// The check of ENVOY_EXTRA_ARGS: Envoy's parser is strict and the supervisor lives on some of the flags, so a
// mistake is named before anything starts instead of by an Envoy that does not come up.

import { ConfigError } from '../../runtime/errors.ts';

/** Flags that would take the process out of the supervisor's hands, with the reason that is shown. */
const RESERVED: ReadonlyMap<string, string> = new Map([
  ['--restart-epoch', 'the agent numbers the epochs'],
  ['--base-id', 'the agent chooses it; set ENVOY_BASE_ID'],
  ['--use-dynamic-base-id', 'the agent chooses the base id; set ENVOY_BASE_ID'],
  ['--base-id-path', 'the agent knows the base id'],
  ['--parent-shutdown-time-s', 'set PARENT_SHUTDOWN_DURATION'],
  ['--skip-hot-restart-parent-stats', 'the agent decides it'],
  ['--disable-hot-restart', 'set ENVOY_HOT_RESTART=false'],
  ['--socket-path', 'epochs find each other by it'],
  ['--mode', 'the agent runs Envoy in several modes'],
  ['--version', 'it would end Envoy at once'],
  ['--hot-restart-version', 'it would end Envoy at once'],
  ['-h', 'it would end Envoy at once'],
  ['--help', 'it would end Envoy at once'],
  ['--', 'Envoy would ignore what follows'],
  ['--ignore_rest', 'Envoy would ignore what follows'],
  ['-c', 'the agent passes the bootstrap it wrote'],
  ['--config-path', 'the agent passes the bootstrap it wrote'],
  ['--log-level', 'set --proxyLogLevel'],
  ['--config-yaml', 'set ISTIO_BOOTSTRAP_OVERRIDE'],
  ['-l', 'set --proxyLogLevel'],
  ['--component-log-level', 'set --proxyComponentLogLevel'],
]);

/** Flags without a value; every other one takes the next item, whatever it looks like. */
const SWITCHES: ReadonlySet<string> = new Set([
  '--allow-unknown-fields',
  '--allow-unknown-static-fields',
  '--cpuset-threads',
  '--disable-hot-restart',
  '--enable-core-dump',
  '--enable-fine-grain-logging',
  '--enable-mutex-tracing',
  '--ignore-unknown-dynamic-fields',
  '--log-format-escaped',
  '--log-stacktrace-single-entry',
  '--reject-unknown-dynamic-fields',
  '--skip-deprecated-logs',
  '--skip-hot-restart-on-no-parent',
  '--skip-hot-restart-parent-stats',
  '--use-dynamic-base-id',
]);

const REPEATABLE = '--stats-tag';
const MAX_CONCURRENCY = 2_147_483_647;

/**
 * @param extra what the user adds
 * @param own the argv the agent passes itself
 * @throws ConfigError naming the flag and the reason
 */
export function checkExtraArguments(extra: readonly string[], own: readonly string[]): void {
  const seen = new Set(own.filter((item) => item.startsWith('-')));
  for (let at = 0; at < extra.length; at += 1) {
    const flag = extra[at] ?? '';
    checkFlag(flag, seen);
    seen.add(flag);
    if (SWITCHES.has(flag)) continue;
    at += 1;
    checkValue(flag, extra[at]);
  }
}

function checkFlag(flag: string, seen: ReadonlySet<string>): void {
  const refuse = (why: string): ConfigError => new ConfigError(`ENVOY_EXTRA_ARGS: ${flag}: ${why}`);
  const pair = asPair(flag);
  if (pair !== undefined) throw refuse(`Envoy takes flag and value as two items: ${JSON.stringify(pair)}`);
  const reserved = RESERVED.get(flag);
  if (reserved !== undefined) throw refuse(reserved);
  if (!flag.startsWith('-')) throw refuse('a flag was expected here');
  if (seen.has(flag) && flag !== REPEATABLE) throw refuse('given twice, and Envoy takes it once');
}

/** `--flag=value` and `-lvalue` as Envoy wants them; undefined for a flag on its own. */
function asPair(flag: string): readonly string[] | undefined {
  const equals = flag.indexOf('=');
  if (flag.startsWith('-') && equals > 0) return [flag.slice(0, equals), flag.slice(equals + 1)];
  return /^-[^-]./.test(flag) ? [flag.slice(0, 2), flag.slice(2)] : undefined;
}

function checkValue(flag: string, value: string | undefined): void {
  if (value === undefined) throw new ConfigError(`ENVOY_EXTRA_ARGS: ${flag}: needs a value`);
  if (flag !== '--concurrency') return;
  if (!/^\d+$/.test(value) || Number(value) > MAX_CONCURRENCY) {
    throw new ConfigError(`ENVOY_EXTRA_ARGS: ${flag}: "${value}" is not a number of threads`);
  }
}
