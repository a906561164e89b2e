// A Log that keeps what it was told.

import { recordLog, type Log, type LogLevel, type LogRecord } from '../../src/runtime/log.ts';

export interface RecordingLog {
  readonly log: Log;
  /** Everything logged so far, all scopes, oldest first. */
  readonly records: readonly LogRecord[];
  /** The messages of one level, or of all. */
  readonly messages: (level?: LogLevel) => string[];
}

export function recordingLog(): RecordingLog {
  const records: LogRecord[] = [];
  return {
    log: recordLog((record) => records.push(record)),
    records,
    messages: (level) =>
      records
        .filter((record) => level === undefined || record.level === level)
        .map((record) => record.message),
  };
}
