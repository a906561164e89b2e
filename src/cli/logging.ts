// The log of long-running commands, built from the log flags; it is opened first and flushed last. Short commands
// use plainLog and never load winston.

import { open } from 'node:fs/promises';

import { scopeLevels, type LogFlagValues } from '../config/log-flags.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { ClosableLog } from '../runtime/winston-log.ts';
import { exitDetails, ExitError, StopRequested } from './context.ts';

/** @throws ConfigError for a bad level, or a target that cannot be opened */
export async function openLog(flags: LogFlagValues): Promise<ClosableLog> {
  const levels = scopeLevels(flags.logOutputLevel);
  for (const target of flags.logTarget) await checkTarget(target);
  const { winstonLog } = await import('../runtime/winston-log.ts');
  return winstonLog({ targets: flags.logTarget, json: flags.logAsJson, levels });
}

async function checkTarget(target: string): Promise<void> {
  if (target === 'stdout' || target === 'stderr') return;
  try {
    const file = await open(target, 'a');
    await file.close();
  } catch (error) {
    throw new ConfigError(`cannot open --log_target ${target}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Runs a command with its own log. A failure is logged there and thrown on, marked as logged; the log is flushed
 * in any case.
 */
export async function withLog(flags: LogFlagValues, run: (log: Log) => Promise<void>): Promise<void> {
  const opened = await openLog(flags);
  try {
    await run(opened.log);
  } catch (error) {
    if (error instanceof StopRequested) throw error;
    const text = messageOf(error);
    opened.log.error(text);
    const { exitCode, hint } = exitDetails(error);
    throw new ExitError(text, exitCode, { cause: error, logged: true, hint });
  } finally {
    await opened.close();
  }
}
