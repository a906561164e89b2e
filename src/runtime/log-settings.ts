// Which records become lines, and what the lines say: levels, stacks and callers by scope.

import { consoleLine, jsonLine } from './log-line.ts';
import { recordLog, type Log, type LogLevel } from './log.ts';
import { redacted } from './redaction.ts';

/** Each includes those before it. */
export const LOG_LEVELS = ['none', 'error', 'warn', 'info', 'debug'] as const;

export type ScopeLevel = (typeof LOG_LEVELS)[number];

/** By scope. A level that is set anew holds from the next record on, for every Log that was made of it. */
export type LogLevels = Map<string, ScopeLevel>;

export interface LogSettings {
  readonly json: boolean;
  /** By scope; the records up to that level are written. A scope without an entry is at info. */
  readonly levels: ReadonlyMap<string, ScopeLevel>;
  /** By scope; the records up to that level bring a stack. A scope without an entry brings none. */
  readonly stackLevels: ReadonlyMap<string, ScopeLevel>;
  /** The scopes whose lines name file and line of the caller. */
  readonly callers: ReadonlySet<string>;
}

/** @param write takes one record's lines, the last newline left out */
export function lineLog(settings: LogSettings, write: (text: string, level: LogLevel) => void): Log {
  const { json, levels, stackLevels, callers } = settings;
  const includes = (limit: ScopeLevel, level: LogLevel): boolean =>
    LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(limit);
  const isWritten = (level: LogLevel, scope: string): boolean =>
    includes(levels.get(nameOf(scope)) ?? 'info', level);
  return recordLog(
    (record) => write((json ? jsonLine : consoleLine)(redacted(record)), record.level),
    '',
    (level, scope) => ({
      caller: callers.has(nameOf(scope)),
      stack: includes(stackLevels.get(nameOf(scope)) ?? 'none', level),
    }),
    isWritten,
  );
}

function nameOf(scope: string): string {
  return scope === '' ? 'default' : scope;
}
