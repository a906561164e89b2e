// The Log of long-running commands, on winston: console or JSON lines, a level per scope, several targets.

import { createLogger, format, transports, type Logger } from 'winston';

import { consoleLine, recordLog, type Log, type LogLevel, type LogRecord } from './log.ts';

export interface WinstonLogSettings {
  /** `stdout`, `stderr` or a file opened for append. */
  readonly targets: readonly string[];
  readonly json: boolean;
  /** Level of a scope; `default` counts for every scope without one of its own. */
  readonly levels: ReadonlyMap<string, LogLevel | 'none'>;
}

export interface ClosableLog {
  readonly log: Log;
  /** Flushes the targets; what is logged afterwards is dropped. */
  close(): Promise<void>;
}

const RANK: Readonly<Record<LogLevel | 'none', number>> = { none: -1, error: 0, warn: 1, info: 2, debug: 3 };

export function winstonLog(settings: WinstonLogSettings): ClosableLog {
  const logger = createLogger({
    level: 'debug', // scopes decide, below
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: format.printf((info) => line(info.record as LogRecord, settings.json)),
    transports: settings.targets.map(transport),
  });
  const fallback = settings.levels.get('default') ?? 'info';
  let closed: Promise<void> | undefined;
  const log = recordLog((record) => {
    if (closed !== undefined) return; // of something that ends late: writing would end the process
    const limit = settings.levels.get(record.scope) ?? fallback;
    if (RANK[record.level] <= RANK[limit]) logger.log({ level: record.level, message: '', record });
  });
  return { log, close: () => (closed ??= ended(logger)) };
}

function transport(target: string): transports.StreamTransportInstance | transports.FileTransportInstance {
  if (target === 'stdout') return new transports.Stream({ stream: process.stdout });
  if (target === 'stderr') return new transports.Stream({ stream: process.stderr });
  return new transports.File({ filename: target });
}

function line(record: LogRecord, json: boolean): string {
  if (!json) return consoleLine(record);
  const { time, level, scope, message, fields } = record;
  return JSON.stringify({
    level,
    time: time.toISOString(),
    ...(scope && { scope }),
    msg: message,
    ...fields,
  });
}

function ended(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    logger.once('finish', resolve);
    logger.end();
  });
}
