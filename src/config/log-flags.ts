// The flags every command has: where log lines go, in which form and from which level.

import { ConfigError } from '../runtime/errors.ts';
import type { LogLevel } from '../runtime/log.ts';
import { BOOL, flag, INT, STRING, STRING_ARRAY, type FlagValues } from './flag-rows.ts';

export const logFlags = {
  logTarget: flag(
    'log_target',
    STRING_ARRAY,
    ['stdout'],
    'Where log lines go: stdout, stderr or a file; may repeat.',
  ),
  logAsJson: flag('log_as_json', BOOL, false, 'Write log lines as JSON objects.'),
  logOutputLevel: flag(
    'log_output_level',
    STRING,
    '',
    'Levels as scope:level, comma separated; level alone is the default scope.',
  ),
  logStacktraceLevel: flag(
    'log_stacktrace_level',
    STRING,
    'default:none',
    'Levels from which a stack trace is added; accepted.',
  ),
  logCaller: flag('log_caller', STRING, '', 'Scopes whose lines name the caller; accepted.'),
  vklog: flag('vklog', INT, 0, 'Verbosity of the Kubernetes client library; accepted.'),
};

export type LogFlagValues = FlagValues<typeof logFlags>;

export type ScopeLevel = LogLevel | 'none';

const LEVELS: ReadonlyMap<string, ScopeLevel> = new Map<string, ScopeLevel>([
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warn'],
  ['error', 'error'],
  ['fatal', 'none'], // nothing here logs at that level
  ['none', 'none'],
]);

/** The scopes upstream registers; `all` means these. */
const SCOPES: readonly string[] = (
  'ads ca cache citadelclient default dns gcecred grpc healthcheck klog mockcred monitoring probes sds security ' +
  'spiffe validation wasm xdsproxy'
).split(' ');

/**
 * The level of every scope: info, and none for `grpc`, changed by `--log_output_level` from left to right. Unknown
 * scopes are ignored.
 *
 * @throws ConfigError `invalid output level 'foo'`, `invalid output level format 'a:b:c'`
 */
export function scopeLevels(text: string): ReadonlyMap<string, ScopeLevel> {
  const levels = new Map<string, ScopeLevel>(SCOPES.map((scope) => [scope, 'info']));
  levels.set('grpc', 'none');
  for (const item of text === '' ? [] : text.split(',')) {
    const parts = item.split(':');
    if (parts.length > 2) throw new ConfigError(`invalid output level format '${item}'`);
    const [scope, name] = parts.length === 2 ? parts : ['default', item];
    const level = LEVELS.get(name ?? '');
    if (level === undefined) throw new ConfigError(`invalid output level '${name}'`);
    const meant = scope === 'all' ? SCOPES : SCOPES.filter((known) => known === scope);
    for (const known of meant) levels.set(known, level);
  }
  return levels;
}
