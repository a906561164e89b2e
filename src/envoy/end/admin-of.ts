// Which connection an Envoy can be asked by at its end: a new one, or the kept one of an Envoy that has lost its port.

import { AdminUnreachable, isRefused, type AdminClient } from '../admin/admin-client.ts';
import type { Epoch } from '../process/epoch.ts';
import type { AdminAccess } from '../process/launcher.ts';

/** Nobody can ask this Envoy any more. */
export class AdminGone extends AdminUnreachable {}

/**
 * Asks the active Envoy.
 *
 * @throws AdminGone when its port is closed and the kept connection has ended too; AdminUnreachable
 */
export async function askActive<T>(
  active: Epoch,
  { fresh }: AdminAccess,
  ask: (client: AdminClient) => Promise<T>,
): Promise<T> {
  try {
    return await ask(fresh);
  } catch (error) {
    if (!isRefused(error)) throw error;
    return askKept(active, ask, error);
  }
}

/** Asks an Envoy over the connection that was kept to it. @throws AdminGone */
export async function askKept<T>(
  { lifeline, epoch }: Epoch,
  ask: (client: AdminClient) => Promise<T>,
  reason?: unknown,
): Promise<T> {
  const gone = (cause: unknown): AdminGone =>
    new AdminGone(`epoch ${epoch} has no admin port and no kept connection`, { cause });
  if (lifeline === undefined) throw gone(reason);
  try {
    return await ask(lifeline.admin);
  } catch (cause) {
    throw gone(cause);
  }
}
