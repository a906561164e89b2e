// The log seam. Code gets a Log and never builds one; `cli` picks the writer: a plain one for init commands,
// winston behind the same interface (winston-log.ts) for long-running ones.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger of another scope, for example `sds`; scopes do not nest. */
  child(scope: string): Log;
}

export interface LogRecord {
  readonly time: Date;
  readonly level: LogLevel;
  /** Empty for the default scope. */
  readonly scope: string;
  readonly message: string;
  readonly fields: LogFields;
}

/**
 * One console line without newline, columns separated by tabs: time in RFC 3339 UTC with six decimals,
 * level, scope if any, message, fields as `key=value`.
 *
 * @see istio 1.31 pkg/log, console encoder
 */
export function consoleLine(record: LogRecord): string {
  const time = record.time.toISOString().replace('Z', '000Z');
  const fields = Object.entries(record.fields).filter(([, value]) => value !== undefined);
  const columns = [time, record.level];
  if (record.scope !== '') columns.push(record.scope);
  columns.push(record.message);
  if (fields.length > 0) columns.push(fields.map(([key, value]) => `${key}=${value}`).join(' '));
  return columns.join('\t');
}

/** A Log that hands each record to `write`. */
export function recordLog(write: (record: LogRecord) => void, scope = ''): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      write({ time: new Date(), level, scope, message, fields });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (name) => recordLog(write, name),
  };
}

/** A Log without dependencies for short commands: one line per record at level info and above. */
export function plainLog(write: (line: string) => void): Log {
  return recordLog((record) => {
    if (record.level !== 'debug') write(`${consoleLine(record)}\n`);
  });
}
