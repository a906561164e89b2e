// Running Envoy for an answer: it ends by itself, and what it printed is the answer.

import type { Clock } from '../../runtime/clock.ts';
import type { Command, Exit, Spawn } from '../../runtime/spawn.ts';
import { eachLine, leftover, LineTail } from './output.ts';

export interface ShortRunDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
}

export interface ShortRun {
  readonly exit: Exit;
  /** The last lines of standard error; on standard output Envoy says nothing that counts. */
  readonly stderr: readonly string[];
  readonly timedOut: boolean;
}

/** At the default level Envoy prints some hundred lines before it ends. */
const KEPT_LINES = 1000;

/**
 * Runs to the end, or kills after `timeoutMs` or when the signal aborts; in both cases the exit says so.
 *
 * @throws whatever `spawn` throws
 */
export async function shortRun(
  deps: ShortRunDeps,
  command: Command,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ShortRun> {
  const child = await deps.spawn({ ...command, stdout: 'ignore', onTrial: true });
  const stderr = new LineTail(KEPT_LINES);
  const printed = eachLine(child.stderr, (line) => stderr.push(line));
  const ended = new AbortController();
  let timedOut = false;
  const watchdog = deps.clock.sleep(timeoutMs, AbortSignal.any([signal, ended.signal])).then(
    () => {
      timedOut = true;
      child.signal('SIGKILL');
    },
    () => child.signal('SIGKILL'), // aborted; when it is the normal end, the process is gone and this does nothing
  );
  const exit = await child.exited;
  await leftover(printed, deps.clock);
  ended.abort();
  await watchdog;
  return { exit, stderr: stderr.lines, timedOut };
}
