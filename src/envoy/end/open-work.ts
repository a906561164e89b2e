// What the Envoys that are ending still serve, in one number: of the active one and of those that drain beside it.

import type { ExitOnZero } from '../../config/shutdown-config.ts';
import { CauseLogs } from '../../runtime/cause-log.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { AdminClient } from '../admin/admin-client.ts';
import {
  ACTIVE_CONNECTIONS_FILTER,
  ACTIVE_REQUESTS_FILTER,
  activeConnections,
  activeRequests,
  NO_STATISTICS,
} from '../admin/connections.ts';
import type { Epoch } from '../process/epoch.ts';
import type { AdminAccess } from '../process/launcher.ts';
import { AdminGone, askActive, askKept } from './admin-of.ts';
import type { CountSockets } from './kernel-connections.ts';

export interface OpenWorkDeps {
  readonly log: Log;
  readonly admin: AdminAccess;
  readonly countSockets: CountSockets;
}

export type OpenWorkKind = Pick<ExitOnZero, 'of' | 'ignoredPorts'>;

export class OpenWork {
  readonly #deps: OpenWorkDeps;
  readonly #kind: OpenWorkKind;
  readonly #skipped: CauseLogs;

  constructor(deps: OpenWorkDeps, kind: OpenWorkKind) {
    this.#deps = deps;
    this.#kind = kind;
    this.#skipped = new CauseLogs(deps.log);
  }

  get of(): ExitOnZero['of'] {
    return this.#kind.of;
  }

  /**
   * @param active the one with the admin port; undefined: there is none
   * @param draining while they do, their numbers are not in its answer
   * @returns `NO_STATISTICS` when no Envoy has them
   * @throws AdminUnreachable when the active one does not answer
   */
  async count(active: Epoch | undefined, draining: readonly Epoch[]): Promise<number> {
    const counts = active?.alive ? [await this.#ofActive(active)] : [];
    for (const epoch of draining) {
      // one whose kept connection broke cannot be asked by anybody
      counts.push(await askKept(epoch, this.#ask).catch(() => NO_STATISTICS));
    }
    const known = counts.filter((count) => count !== NO_STATISTICS);
    return known.length === 0 ? NO_STATISTICS : known.reduce((sum, count) => sum + count, 0);
  }

  /** For people: where Envoy does not tell, the kernel may. */
  async describe(active: Epoch | undefined, draining: readonly Epoch[]): Promise<string> {
    const told = await this.count(active, draining).catch(() => NO_STATISTICS);
    if (told !== NO_STATISTICS) return `${told} ${this.of}`;
    const serving = [active, ...draining].filter((epoch) => epoch?.alive === true) as readonly Epoch[];
    try {
      const counts = await Promise.all(serving.map((epoch) => this.#sockets(epoch)));
      return `${counts.reduce((sum, count) => sum + count, 0)} connections`;
    } catch (error) {
      return `an unknown number of ${this.of} (${messageOf(error)})`;
    }
  }

  async #ofActive(active: Epoch): Promise<number> {
    try {
      return await askActive(active, this.#deps.admin, this.#ask);
    } catch (error) {
      // the kernel knows nothing of requests
      if (error instanceof AdminGone && this.of === 'connections') return this.#sockets(active);
      throw error;
    }
  }

  readonly #ask = async (client: AdminClient): Promise<number> => {
    const { of, ignoredPorts } = this.#kind;
    const skipped = (line: string): void =>
      this.#skipped.of(line).warn(`a line of Envoy's statistics is left out: ${line}`);
    if (of === 'requests') return activeRequests(await client.stats(ACTIVE_REQUESTS_FILTER), skipped);
    return activeConnections(await client.stats(ACTIVE_CONNECTIONS_FILTER), ignoredPorts, skipped);
  };

  #sockets({ pid }: Epoch): Promise<number> {
    return this.#deps.countSockets(pid, this.#kind.ignoredPorts);
  }
}
