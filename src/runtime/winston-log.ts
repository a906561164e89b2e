// The Log of long-running commands, on winston: several targets, each flushed before the process ends.

import { createLogger, format, transports, type Logger } from 'winston';

import { lineLog, type LogSettings } from './log-settings.ts';
import type { Log } from './log.ts';

export interface WinstonLogSettings extends LogSettings {
  /** `stdout`, `stderr` or a file opened for append. */
  readonly targets: readonly string[];
}

export interface ClosableLog {
  readonly log: Log;
  /** Flushes the targets; what is logged afterwards is dropped. */
  close(): Promise<void>;
}

export function winstonLog(settings: WinstonLogSettings): ClosableLog {
  const logger = createLogger({
    level: 'debug', // the settings decide, before winston sees a line
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: format.printf((info) => String(info.message)),
    transports: settings.targets.map(transport),
  });
  let closed: Promise<void> | undefined;
  const log = lineLog(settings, (message, level) => {
    if (closed !== undefined) return; // of something that ends late: writing would end the process
    logger.log({ level, message });
  });
  return { log, close: () => (closed ??= ended(logger)) };
}

function transport(target: string): transports.StreamTransportInstance | transports.FileTransportInstance {
  if (target === 'stdout') return new transports.Stream({ stream: process.stdout });
  if (target === 'stderr') return new transports.Stream({ stream: process.stderr });
  return new transports.File({ filename: target });
}

function ended(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    logger.once('finish', resolve);
    logger.end();
  });
}
