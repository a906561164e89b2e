// One kept connection to the admin port of one Envoy. A parent stops accepting admin connections once its child
// starts, for ever, but goes on answering on those it had accepted: this is the only way left to ask it.

import type { AgentOptions } from 'node:http';
import type { Duplex } from 'node:stream';

import { AgentError } from '../../runtime/errors.ts';
import { Agent } from '../../runtime/http.ts';
import { AdminClient, adminRequest, AdminUnreachable, type AdminAddress } from './admin-client.ts';

export interface Lifeline extends AsyncDisposable {
  /** Asks over the kept connection; fails once that has broken, and never opens another. */
  readonly admin: AdminClient;
  /** May be called twice. */
  close(): Promise<void>;
}

/** There was one connection, and it is no more. */
export class LifelineEnded extends AgentError {}

/** Whether a kept connection has ended, as against an Envoy that does not answer on it. */
export function hasEnded(error: unknown): boolean {
  return error instanceof AdminUnreachable && error.cause instanceof LifelineEnded;
}

/**
 * Connects, and makes the first request, so that Envoy has accepted the connection.
 *
 * @throws AdminUnreachable
 */
export async function openLifeline(address: AdminAddress): Promise<Lifeline> {
  const agent = new OneConnection({ keepAlive: true, maxSockets: 1 });
  const admin = new AdminClient((method, path) => adminRequest({ address, agent, method, path }));
  const close = (): Promise<void> => {
    agent.destroy();
    return Promise.resolve();
  };
  try {
    await admin.serverInfo();
  } catch (error) {
    await close();
    throw error;
  }
  return { admin, close, [Symbol.asyncDispose]: close };
}

/** Connects once. A second connection could reach another Envoy at the same port and would go unnoticed. */
class OneConnection extends Agent {
  #connected = false;

  override createConnection(
    options: AgentOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    if (this.#connected) {
      // reported, not thrown: the agent also connects by itself, for a request that waits when a socket ends
      const fail = callback as ((error: Error) => void) | undefined;
      fail?.(new LifelineEnded('the kept admin connection has ended'));
      return undefined;
    }
    this.#connected = true;
    return super.createConnection(options, callback);
  }
}
