// What follows from the way the agent ended: the exit code, and the reason that is left for Kubernetes.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import type { AgentEnd } from '../agent/agent.ts';
import { environmentSecrets } from '../config/env.ts';
import { maskText } from '../config/secrets.ts';
import { shutdownVariables } from '../config/shutdown-variables.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { Exit } from '../runtime/spawn.ts';
import { ExitError, FAILURE_EXIT_CODE, type CliContext } from './context.ts';
import { signalExitCode } from './signals.ts';

/** Runs the agent. When it ends unasked, its container's state says why: `kubectl describe pod` shows it. */
export async function explainingTheEnd(
  { env }: Pick<CliContext, 'env'>,
  log: Log,
  run: () => Promise<AgentEnd>,
): Promise<void> {
  const { name, fallback } = shutdownVariables.terminationMessagePath;
  const path = env[name] ?? fallback;
  const explain = (reason: string): Promise<void> =>
    leaveMessage(path, maskText(reason, environmentSecrets(env)), log);
  try {
    const end = await run();
    if (end.kind === 'drained') log.info('Agent has successfully terminated');
    else if (end.exit.code !== 0) await explain(howItEnded(end.exit));
  } catch (error) {
    await explain(messageOf(error));
    throw error;
  }
}

/** Envoy's own, for a bootstrap it does not understand. */
const REFUSED_EXIT_CODE = 1;

/**
 * With `--exit-code-policy=propagate`, an Envoy that failed is a failure of the agent.
 *
 * @throws ExitError with Envoy's exit code, or 128 plus the number of the signal that ended it; a bootstrap that was
 *   refused is a mistake in the configuration, as any other
 */
export function propagate(end: AgentEnd): void {
  if (end.kind === 'drained' || end.exit.code === 0) return;
  const { code, signal } = end.exit;
  const isRefused = end.neverLive === true && code === REFUSED_EXIT_CODE;
  if (isRefused) throw new ExitError('Envoy refuses its bootstrap', FAILURE_EXIT_CODE);
  throw new ExitError(howItEnded(end.exit), code ?? signalExitCode(signal ?? 'SIGKILL'));
}

function howItEnded({ code, signal }: Exit): string {
  return `Envoy ended with ${signal ?? `code ${code}`}`;
}

/** Kubernetes reads no more. */
const MAX_BYTES = 4096;

/** Where there is no Kubernetes there is no such file; and a pipe that nobody reads is not waited for. */
const EXISTING_ONLY = constants.O_WRONLY | constants.O_TRUNC | constants.O_NONBLOCK;

async function leaveMessage(path: string, text: string, log: Log): Promise<void> {
  try {
    await using file = await open(path, EXISTING_ONLY);
    await file.writeFile(shortened(text));
  } catch (error) {
    log.debug(`no termination message is left: ${messageOf(error)}`);
  }
}

/** At most so many bytes, the last character whole. */
function shortened(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return new TextDecoder().decode(bytes.subarray(0, MAX_BYTES), { stream: true });
}
