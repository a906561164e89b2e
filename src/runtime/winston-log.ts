// The Log of long-running commands, on winston: several targets, each flushed before the process ends.

import { appendFile } from 'node:fs';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

import { createLogger, format, transports, type Logger } from 'winston';

import { lineLog, type LogSettings } from './log-settings.ts';
import type { Log } from './log.ts';

export interface WinstonLogSettings extends LogSettings {
  /** `stdout`, `stderr` or a file that lines are appended to. */
  readonly targets: readonly string[];
}

export interface ClosableLog {
  readonly log: Log;
  /** Flushes the targets; what is logged afterwards is dropped. */
  close(): Promise<void>;
}

/** @param tell hears of lines that could not be written; default: standard error */
export function winstonLog(
  settings: WinstonLogSettings,
  tell: (problem: string) => void = (problem) => void process.stderr.write(`${problem}\n`),
): ClosableLog {
  const files: Writable[] = [];
  const stream = (target: string): NodeJS.WritableStream => {
    if (target === 'stdout') return process.stdout;
    if (target === 'stderr') return process.stderr;
    const file = appendingTo(target, tell);
    files.push(file);
    return file;
  };
  const logger = createLogger({
    level: 'debug', // the settings decide, before winston sees a line
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: format.printf((info) => String(info.message)),
    transports: settings.targets.map((target) => new transports.Stream({ stream: stream(target) })),
  });
  let closed: Promise<void> | undefined;
  const log = lineLog(settings, (message, level) => {
    if (closed !== undefined) return; // of something that ends late: writing would end the process
    logger.log({ level, message });
  });
  return { log, close: () => (closed ??= ended(logger, files)) };
}

/** Opens the file for every line: a full disk or a file that was moved away costs lines, not the log. */
function appendingTo(path: string, tell: (problem: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      appendFile(path, line, (error) => {
        if (error !== null) tell(`cannot write to log target ${path}: ${error.message}`);
        done();
      });
    },
  });
}

async function ended(logger: Logger, files: readonly Writable[]): Promise<void> {
  const logged = new Promise((resolve) => {
    logger.once('finish', resolve);
  });
  logger.end();
  await logged;
  await Promise.all(files.map((file) => finished(file.end())));
}
