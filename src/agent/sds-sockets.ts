// Who serves secrets on this host: looks for other SDS servers before ours takes a socket. A healthy one keeps the
// workload's socket, and ours serves files beside it. Upstream: pkg/istio-agent/agent.go Run.

import { rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { AgentConfig } from '../config/agent-config.ts';
import { formatDuration, SECOND_MS } from '../runtime/duration.ts';
import { ConfigError, errnoOf } from '../runtime/errors.ts';
import { serverAnswers, type SocketProbe, type SocketProbeDeps } from '../sds/socket-probe.ts';
import { failedAt, metadataStage } from './stages.ts';

/** File name of the socket when nobody names another. */
const OWN_SOCKET = 'socket';
/** How long a server that is named by its socket may take to start beside the agent. */
const NAMED_WAIT_MS = 30 * SECOND_MS;
const POLL_MS = 500;

/**
 * Waits as long as WORKLOAD_IDENTITY_SOCKET_WAIT says.
 *
 * @returns whether another server answers on the workload's socket
 * @throws ConfigError when a server is named that is not there; AgentError for a socket that stays in the way
 */
export async function otherServesWorkload(
  { env, identity }: AgentConfig,
  deps: SocketProbeDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const { workloadSocketFile: name } = env;
  if (name === '' || name.includes('/')) {
    throw new ConfigError(`workload identity socket file override must be a filename, not a path: ${name}`);
  }
  const path = identity.socketPath;
  const isOwn = name === OWN_SOCKET; // what stands under another name was not left by an agent
  const waitMs = env.workloadSocketWaitMs ?? (isOwn ? 0 : NAMED_WAIT_MS);
  if (await answersWithin(waitMs, { path, removable: isOwn }, deps, signal)) {
    const consequence = 'Default Istio SDS Server will only serve files';
    deps.log.info(`Existing workload SDS socket found at ${path}. ${consequence}`);
    return true;
  }
  if (isOwn) return false;
  throw new ConfigError(`agent configured for non-default SDS socket path: ${path} but no socket found`);
}

/** Where Istio 1.7 had the socket, in the folder of the bootstrap. */
const OLD_SOCKET = 'SDS';

/**
 * Where our server can listen: in pods that Istio 1.7 injected, the socket's folder is no volume, and their root file
 * system cannot be written to; then the socket is where 1.7 had it. A volume that cannot be written to is meant so.
 */
export async function ownSocketPath({ identity, proxyConfig }: AgentConfig): Promise<string> {
  const { socketPath } = identity;
  return (await isOnReadOnlyRoot(socketPath)) ? `${proxyConfig.configPath}/${OLD_SOCKET}` : socketPath;
}

/** Of a path that need not be there. */
async function isOnReadOnlyRoot(path: string): Promise<boolean> {
  // a change that can come to nothing: whether the file system takes changes is what the kernel looks at first
  const refused = await rmdir(path).then(() => undefined, errnoOf);
  const folder = dirname(path);
  const found = await stat(folder).catch(() => undefined); // its parent is looked at
  if (found === undefined) return folder !== path && isOnReadOnlyRoot(folder);
  return refused === 'EROFS' && found.dev === (await stat('/')).dev;
}

/** @returns whether a server answers on the socket for a gateway's credentials */
export async function credentialServerExists(
  config: AgentConfig,
  deps: SocketProbeDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const stage = `${metadataStage(config)}: failed to check credential SDS socket`;
  const socket = { path: config.identity.credentialSocketPath, removable: true };
  const found = await probe(stage, socket, deps, signal);
  if (found) deps.log.info('Credential SDS socket found');
  return found;
}

/** Only the last look removes what is dead: before that it may be a server that is just starting. */
async function answersWithin(
  waitMs: number,
  { path, removable }: SocketProbe,
  deps: SocketProbeDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, log } = deps;
  const untilMs = clock.monotonicMs() + waitMs;
  const starting = { path, removable: false };
  if (waitMs > 0) log.info(`waiting up to ${formatDuration(waitMs)} for another SDS server on ${path}`);
  while (clock.monotonicMs() < untilMs) {
    if (await serverAnswers(starting, deps, signal).catch(() => false)) return true; // it may yet open its socket
    await clock.sleep(POLL_MS, signal);
  }
  return probe('failed to check SDS socket', { path, removable }, deps, signal);
}

async function probe(
  stage: string,
  socket: SocketProbe,
  deps: SocketProbeDeps,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return await serverAnswers(socket, deps, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw failedAt(stage, error);
  }
}
