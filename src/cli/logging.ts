// The log of a command, built from the log flags: on winston for long-running commands, opened first and flushed
// last; without it for init commands. The shortest commands ignore the flags and use plainLog.

import { appendFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

import { logSettings, type LogFlagValues } from '../config/log-flags.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';
import { lineLog, type LogLevels } from '../runtime/log-settings.ts';
import type { Log } from '../runtime/log.ts';
import type { ClosableLog } from '../runtime/winston-log.ts';
import { exitDetails, ExitError, StopRequested, type CliContext } from './context.ts';

export interface CommandLog extends ClosableLog {
  /** Every scope there is; what is set here is what the log goes by. */
  readonly levels: LogLevels;
}

/** @throws ConfigError for a bad level, or a target that cannot be opened */
export async function openLog(flags: LogFlagValues): Promise<CommandLog> {
  const settings = logSettings(flags);
  const levels: LogLevels = new Map(settings.levels);
  for (const target of flags.logTarget) await checkTarget(target);
  const { winstonLog } = await import('../runtime/winston-log.ts');
  return { ...winstonLog({ ...settings, levels, targets: flags.logTarget }), levels };
}

/**
 * The same log without winston, for commands that end soon: every line is written at once.
 *
 * @throws ConfigError for a bad level, or a target that cannot be opened
 */
export async function openPlainLog(context: CliContext, flags: LogFlagValues): Promise<Log> {
  const settings = logSettings(flags);
  for (const target of flags.logTarget) await checkTarget(target);
  return lineLog(settings, (line) => {
    for (const target of flags.logTarget) writeLine(context, target, `${line}\n`);
  });
}

function writeLine(context: CliContext, target: string, line: string): void {
  if (target === 'stdout') context.stdout.write(line);
  else if (target === 'stderr') context.stderr.write(line);
  else appendLine(context, target, line);
}

/** A full disk costs lines, not the command. */
function appendLine({ stderr }: CliContext, path: string, line: string): void {
  try {
    appendFileSync(path, line);
  } catch (error) {
    stderr.write(`cannot write to log target ${path}: ${messageOf(error)}\n`);
  }
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
export async function withLog(
  flags: LogFlagValues,
  run: (log: Log, levels: LogLevels) => Promise<void>,
): Promise<void> {
  const opened = await openLog(flags);
  try {
    await run(opened.log, opened.levels);
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
