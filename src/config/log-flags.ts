// The flags every command has: where log lines go, in which form and from which level.

import { ConfigError } from '../runtime/errors.ts';
import type { LogSettings, ScopeLevel } from '../runtime/log-settings.ts';
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
    'Which lines: level or scope:level, comma separated. Levels: debug, info, warn, error, none.',
  ),
  logStacktraceLevel: flag(
    'log_stacktrace_level',
    STRING,
    'default:none',
    'Which lines bring their stack, likewise.',
  ),
  logCaller: flag(
    'log_caller',
    STRING,
    '',
    'Scopes whose lines name file and line, comma separated, or all.',
  ),
  vklog: flag('vklog', INT, 0, 'Accepted: there is no Kubernetes client library.', undefined, {
    noEffect: 'there is no Kubernetes client library',
  }),
};

export type LogFlagValues = FlagValues<typeof logFlags>;

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

/** @throws ConfigError `invalid output level 'foo'`, `invalid output level format 'a:b:c'` */
export function logSettings(flags: LogFlagValues): LogSettings {
  return {
    json: flags.logAsJson,
    levels: scopeLevels(`all:info,grpc:none${flags.logOutputLevel && `,${flags.logOutputLevel}`}`),
    stackLevels: scopeLevels(flags.logStacktraceLevel),
    callers: new Set(flags.logCaller.split(',').flatMap(scopesOf)),
  };
}

/** The scopes that are named, entries applied from left to right; a level alone is that of scope `default`. */
function scopeLevels(text: string): ReadonlyMap<string, ScopeLevel> {
  const levels = new Map<string, ScopeLevel>();
  for (const item of text === '' ? [] : text.split(',')) {
    const parts = item.split(':');
    if (parts.length > 2) throw new ConfigError(`invalid output level format '${item}'`);
    const [scope = '', name = ''] = parts.length === 2 ? parts : ['default', item];
    const level = LEVELS.get(name);
    if (level === undefined) throw new ConfigError(`invalid output level '${item}'`);
    for (const known of scopesOf(scope)) levels.set(known, level);
  }
  return levels;
}

/** Unknown scopes are ignored. */
function scopesOf(name: string): readonly string[] {
  return name === 'all' ? SCOPES : SCOPES.filter((known) => known === name);
}
