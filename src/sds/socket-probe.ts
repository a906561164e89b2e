// Whether another SDS server is there: a socket that accepts an HTTP/2 connection. What a server left behind when it
// died is cleared away. Upstream: pkg/istio-agent/agent.go checkSocket.

import { rm, stat } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { AgentError, errnoOf, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { accessDiagnosis } from '../runtime/socket-file.ts';
import { abortable } from '../runtime/tasks.ts';
import { withTimeLimit } from '../runtime/time-limit.ts';

export interface SocketProbe {
  readonly path: string;
  /** Whether the file may be removed when nobody answers. */
  readonly removable: boolean;
}

export interface SocketProbeDeps {
  readonly clock: Clock;
  readonly log: Log;
}

const ANSWER_MS = SECOND_MS;

/**
 * Links are followed; a regular file is no socket.
 *
 * @returns true when a server answers within a second; false when nobody does, and then a removable file is gone
 * @throws AgentError when the agent may not connect, or cannot remove what is dead
 */
export async function serverAnswers(
  { path, removable }: SocketProbe,
  { clock, log }: SocketProbeDeps,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await isThere(path))) return false;
  try {
    await firstSettings(path, clock, signal);
    return true;
  } catch (error) {
    signal.throwIfAborted();
    // who may not even connect does not know that nobody is there
    const isRefused = errnoOf(error) === 'EACCES';
    if (isRefused)
      throw new AgentError(messageOf(error) + (await accessDiagnosis(path, error)), { cause: error });
    log.debug(`SDS socket detected but not healthy: ${messageOf(error)}`, { path });
  }
  if (removable) await remove(path);
  return false;
}

async function isThere(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isFile();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false; // what cannot be looked at counts as absent, as in the reference
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path);
  } catch (error) {
    throw new AgentError(`existing SDS socket could not be removed: ${messageOf(error)}`, { cause: error });
  }
}

/** Waits for what an HTTP/2 server says first. */
async function firstSettings(path: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(path) });
  const answered = new Promise<void>((resolve, reject) => {
    session.once('remoteSettings', () => resolve());
    session.on('error', reject);
    session.once('close', () => reject(new AgentError('the connection was closed')));
  });
  const limit = { clock, ms: ANSWER_MS, late: `no answer within ${ANSWER_MS} ms` };
  try {
    await withTimeLimit(limit, signal, (until) => abortable(answered, until));
  } finally {
    session.destroy();
  }
}
