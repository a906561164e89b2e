// The command `exec`: runs a job beside a sidecar. The job starts when the sidecar is ready, and the sidecar is asked
// to end when the job has: a pod is complete only when all its containers are. Everything `exec` says goes to standard
// error, because standard output is the job's.

import type { Command } from 'commander';

import { flag, STRING, wordKind } from '../config/flag-rows.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { ConfigError, errnoOf, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { nodeSpawn } from '../runtime/node-spawn.ts';
import { plainLog } from '../runtime/plain-log.ts';
import type { Child, Spawn } from '../runtime/spawn.ts';
import { ExitError, FAILURE_EXIT_CODE, ProgramEnded, StopRequested, type CliContext } from './context.ts';
import { goCommand, type GoArguments } from './go-flags.ts';
import { exchangeHttp } from './http-exchange.ts';
import { untilReady, waitFlags, waitSettings } from './readiness-wait.ts';
import {
  connectionRefused,
  presenceFlags,
  sidecarPresence,
  type SidecarPresence,
} from './sidecar-presence.ts';
import { relaySignals, type SignalEvents } from './signal-relay.ts';
import { signalExitCode } from './signals.ts';

const QUIT_CASES = ['always', 'success', 'never'] as const;
const QUIT_TIMEOUT_MS = 5 * SECOND_MS;

const flags = {
  ...waitFlags,
  ...presenceFlags,
  quit: flag(
    'quit',
    wordKind(...QUIT_CASES),
    'always',
    'When the sidecar is asked to end: always, success (after exit code 0), never.',
    undefined,
    { choices: QUIT_CASES },
  ),
  quitUrl: flag(
    'quitUrl',
    STRING,
    'http://localhost:15020/quitquitquit',
    'What asks it; auto looks there, too.',
  ),
};

const GUIDE = `Waits as "agent wait" does, runs the command with exactly these arguments and no shell between, and asks the sidecar to
end. It ends with the exit code of the command, 128 plus the number of the signal that killed it, 127 when there is no
such command and 126 when it cannot be run. Signals are handed on to the command. A sidecar that does not get ready
ends it with 255, and SIGTERM before that with 143; the command is not run then.

Is there a mesh? --mesh says so; else AGENT_SIDECAR_STATUS, for which a pod gives the annotation its injector writes
(fieldRef metadata.annotations['sidecar.istio.io/status'], empty: no mesh); else it is tried whether somebody listens.
Without a mesh the command is run at once.

A job whose failed container is started again in the same pod wants --quit=success, a native sidecar --quit=never.

Examples:
  agent exec -- /app/migrate --to=42
  agent exec --timeoutSeconds=300 --quit=success -- node job.js`;

export interface ExecDeps {
  readonly clock: Clock;
  readonly spawn: Spawn;
  readonly signals: SignalEvents;
}

type ExecArguments = GoArguments<typeof flags>;

export function execCommand(context: CliContext, given: Partial<ExecDeps> = {}): Command {
  const deps = { clock: systemClock(), spawn: nodeSpawn, signals: process, ...given };
  return goCommand({
    name: 'exec',
    description: 'Run a command once the sidecar is ready, and end the sidecar after it.',
    positionals: '[--] <command> [<argument>...]',
    flags,
    guide: GUIDE,
    unknownFlags: 'refuse',
    flagPlaces: 'first',
    run: (parsed) => runJob(context, parsed, deps),
  });
}

/** @throws ProgramEnded, unless the job ended with 0; ExitError when it was not run; StopRequested */
async function runJob(context: CliContext, parsed: ExecArguments, deps: ExecDeps): Promise<void> {
  const { flags, given, args } = parsed;
  const [file, ...rest] = args;
  if (file === undefined) throw new ConfigError('requires a command to run');
  const log = plainLog((line) => context.stderr.write(line));
  const presence = await sidecarPresence(
    { ...flags, url: flags.quitUrl },
    context,
    deps.clock,
    context.signal,
  );
  log.info(decision(presence, file));
  let asks = flags.quit === 'always';
  try {
    const wait = waitSettings(context, flags, given, log);
    if (presence.sidecar === 'expected')
      await readyOrExit(untilReady(wait, { ...deps, log }, context.signal));
    const exitCode = await exitCodeOf(context, [file, rest], deps);
    if (exitCode !== 0) throw new ProgramEnded(exitCode);
    asks = flags.quit !== 'never';
  } catch (error) {
    if (error instanceof StopRequested) asks = false; // a container that is stopped too early may be started again
    throw error;
  } finally {
    if (asks) await askToQuit(flags.quitUrl, presence, log);
  }
}

function decision({ sidecar, why }: SidecarPresence, file: string): string {
  return sidecar === 'expected'
    ? `${why}: ${file} runs when the sidecar is ready`
    : `${why}: ${file} runs without a mesh`;
}

/** A failure is told on standard error alone. */
async function readyOrExit(ready: Promise<void>): Promise<void> {
  try {
    await ready;
  } catch (cause) {
    if (cause instanceof StopRequested) throw cause;
    const message = `the command is not run: ${messageOf(cause)}`;
    throw new ExitError(message, FAILURE_EXIT_CODE, { cause, logged: true });
  }
}

/** Of what was started, as a shell tells it; what that one started itself is not waited for. */
async function exitCodeOf(
  context: CliContext,
  [file, args]: readonly [string, readonly string[]],
  { spawn, signals }: ExecDeps,
): Promise<number> {
  context.signal.throwIfAborted();
  let child: Child | undefined;
  const early: NodeJS.Signals[] = [];
  const pass = (name: NodeJS.Signals): void => {
    if (child === undefined) early.push(name);
    else child.signal(name);
  };
  const stopRelay = relaySignals(context, signals, pass);
  try {
    child = await spawn({ file, args, sharesStdio: true });
    early.forEach(pass);
    const { code, signal } = await child.exited;
    return code ?? signalExitCode(signal ?? 'SIGKILL');
  } catch (cause) {
    const exitCode = errnoOf(cause) === 'ENOENT' ? 127 : 126;
    throw new ExitError(`cannot run ${file}: ${messageOf(cause)}`, exitCode, { cause, logged: true });
  } finally {
    stopRelay();
  }
}

/** Never rejects: the job is over, and its exit code is what counts. */
async function askToQuit(url: string, { sidecar }: SidecarPresence, log: Log): Promise<void> {
  if (sidecar === 'none') return;
  const never = new AbortController().signal; // a SIGTERM has been handed on long ago
  try {
    const { status } = await exchangeHttp({ method: 'POST', url, timeoutMs: QUIT_TIMEOUT_MS }, never);
    if (status !== 200) log.warn(`the sidecar was not asked to end: ${url} answers ${status}`);
  } catch (error) {
    if (sidecar === 'unseen' && connectionRefused(error)) return; // still nobody
    log.warn(`the sidecar was not asked to end: ${messageOf(error)}`);
  }
}
