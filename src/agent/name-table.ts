// The names of the mesh on their way from the control plane to the DNS server.
// Upstream counterpart: istio pkg/istio-agent/xds_proxy.go, the handler of NDS.

import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';

/** Whoever answers from the table. */
export interface NameTableUser {
  /**
   * Takes a packed NameTable, which must not change any more; resolves when it counts, or a newer one.
   *
   * @throws Error when it cannot be read
   */
  readonly setNameTable: (bytes: Uint8Array) => Promise<void>;
}

/**
 * What is done with each packed NameTable; rejects, to refuse it, when it cannot be read.
 *
 * @param log scope `xdsproxy`
 */
export function nameTableHandler(user: NameTableUser, log: Log): (bytes: Uint8Array) => Promise<void> {
  return async (bytes) => {
    try {
      await user.setNameTable(bytes);
    } catch (error) {
      log.error(`failed to unmarshal name table: ${messageOf(error)}`);
      throw error;
    }
  };
}
