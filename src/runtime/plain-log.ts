// The log of short commands: lines, and nothing to load for them.

import { consoleLine } from './log-line.ts';
import { recordLog, type Log } from './log.ts';
import { redacted } from './redaction.ts';

/** A Log without dependencies for short commands: one line per record at level info and above. */
export function plainLog(write: (line: string) => void): Log {
  return recordLog(
    (record) => write(`${consoleLine(redacted(record))}\n`),
    '',
    undefined,
    (level) => level !== 'debug',
  );
}
