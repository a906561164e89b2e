// One page of Envoy's admin, with a hard end. The connection is a fresh one each time, because a kept one would
// go on talking to the epoch that is on its way out.

import { text } from 'node:stream/consumers';

import type { Clock } from '../../runtime/clock.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';
import { hostPort } from '../../runtime/host-port.ts';
import { httpGet } from '../http-get.ts';

export interface AdminAddress {
  /** An IP without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The admin did not answer in time, not at all, or not with 200; the message is the transport's. */
export class AdminPageError extends AgentError {}

/**
 * The body of an admin page.
 *
 * @param timeoutMs from connect to the last byte
 * @throws AdminPageError
 */
export async function adminPage(
  admin: AdminAddress,
  path: string,
  timeoutMs: number,
  clock: Pick<Clock, 'sleep'>,
): Promise<string> {
  const authority = hostPort(admin);
  const answered = new AbortController();
  const late = new AbortController();
  const timer = clock.sleep(timeoutMs, answered.signal).then(
    () => late.abort(new Error(`no answer from ${authority} within ${timeoutMs} ms`)),
    () => undefined, // the answer came first
  );
  try {
    return await text(await httpGet({ url: `http://${authority}${path}`, headers: {} }, late.signal));
  } catch (error) {
    const cause = late.signal.aborted ? late.signal.reason : error;
    throw new AdminPageError(messageOf(cause), { cause, retryable: true });
  } finally {
    answered.abort();
    await timer;
  }
}
