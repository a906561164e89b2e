// The flags every command has: where log lines go, in which form and from which level.

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
