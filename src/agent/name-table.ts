// The names of the mesh on their way from the control plane to the DNS server: one table after the other, in the order
// in which they came. Upstream counterpart: istio pkg/istio-agent/xds_proxy.go, the handler of NDS.

import { PackedNameTable } from '../dns/packed-name-table.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';

/** Whoever answers from the table. */
export interface NameTableUser {
  /** Resolves when the table counts; rejects when a host in it cannot be read. */
  readonly setNameTable: (hosts: PackedNameTable) => Promise<void>;
}

export class NameTableUpdates {
  readonly #user: NameTableUser;
  readonly #log: Log;
  #last: Promise<void> = Promise.resolve();

  /** @param log scope `xdsproxy` */
  constructor(user: NameTableUser, log: Log) {
    this.#user = user;
    this.#log = log;
  }

  /**
   * Takes a packed NameTable; resolves when it counts. Two Envoys may bring tables at the same time: the one that came
   * first is done first.
   *
   * @throws Error when the bytes are no name table; the one before stays
   */
  readonly take = (bytes: Uint8Array): Promise<void> => {
    const taken = this.#last.then(() => this.#replace(bytes));
    this.#last = taken.catch(() => undefined); // told to whoever brought it
    return taken;
  };

  async #replace(bytes: Uint8Array): Promise<void> {
    try {
      await this.#user.setNameTable(new PackedNameTable(bytes));
    } catch (error) {
      this.#log.error(`failed to unmarshal name table: ${messageOf(error)}`);
      throw error;
    }
  }
}
