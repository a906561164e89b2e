// What one log record looks like as text, in both forms.
// Upstream: istio 1.31 pkg/log, console and JSON encoders.

import type { LogRecord } from './log.ts';

/**
 * Without the newline at the end. Columns separated by tabs: time in RFC 3339 UTC with six decimals, level, scope if
 * any, caller if wanted, message, fields as `key=value`; the stack on the lines below.
 */
export function consoleLine(record: LogRecord): string {
  const fields = Object.entries(record.fields).filter(([, value]) => value !== undefined);
  const columns = [timeText(record.time), record.level];
  if (record.scope !== '') columns.push(record.scope);
  if (record.caller !== undefined) columns.push(record.caller);
  columns.push(record.message);
  if (fields.length > 0) columns.push(fields.map(([key, value]) => `${key}=${value}`).join(' '));
  const line = columns.join('\t');
  return record.stack === undefined ? line : `${line}\n${record.stack}`;
}

/** The same as one JSON object; what is absent is left out, fields keep their kind. */
export function jsonLine({ time, level, scope, caller, message, fields, stack }: LogRecord): string {
  return JSON.stringify({
    level,
    time: timeText(time),
    scope: scope === '' ? undefined : scope,
    caller,
    msg: message,
    ...fields,
    stack,
  });
}

/** A Date knows milliseconds; readers expect microseconds. */
function timeText(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
