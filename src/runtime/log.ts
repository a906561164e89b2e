// The log seam. Code gets a Log and never builds one; `cli` picks the writer: a plain one for init commands (plain-log.ts),
// winston behind the same interface (winston-log.ts) for long-running ones. What a line looks like: log-line.ts.

import { callSite, type CallSite } from './call-site.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether records of this level are kept just now: worth asking before a message that costs something. */
  isOn(level: LogLevel): boolean;
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
  /** `file.ts:12`; undefined where it is not wanted. */
  readonly caller?: string;
  /** Lines of the stack, the caller first; undefined where it is not wanted. */
  readonly stack?: string;
}

/** What is found out about where a record comes from; finding out costs, so it is asked for. */
export interface LogOrigin {
  readonly caller: boolean;
  readonly stack: boolean;
}

/**
 * A Log that hands each record to `write`.
 *
 * @param origin what a record of this level and scope needs; by default nothing
 * @param isOn which records are handed on, by level and scope; by default all
 */
export function recordLog(
  write: (record: LogRecord) => void,
  scope = '',
  origin: (level: LogLevel, scope: string) => LogOrigin = () => NOWHERE,
  isOn: (level: LogLevel, scope: string) => boolean = () => true,
): Log {
  const at = (level: LogLevel) => {
    const method = (message: string, fields: LogFields = {}): void => {
      if (!isOn(level, scope)) return;
      const wanted = origin(level, scope);
      const site = wanted.caller || wanted.stack ? callSite(method) : undefined;
      write({ time: new Date(), level, scope, message, fields, ...originOf(site, wanted) });
    };
    return method;
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    isOn: (level) => isOn(level, scope),
    child: (name) => recordLog(write, name, origin, isOn),
  };
}

const NOWHERE: LogOrigin = { caller: false, stack: false };

function originOf(site: CallSite | undefined, wanted: LogOrigin): Pick<LogRecord, 'caller' | 'stack'> {
  return {
    ...(wanted.caller && site && { caller: site.caller }),
    ...(wanted.stack && site && { stack: site.stack }),
  };
}
