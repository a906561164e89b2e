// Who may call what: the loopback gate and the method rule of the endpoints that act or tell secrets of the
// pod. Headers such as X-Forwarded-For are never asked.

import { isLoopback } from '../runtime/loopback.ts';

export interface Refusal {
  readonly status: 403 | 405;
  readonly body: string;
}

/** Undefined when the call is allowed. The peer is judged before the method. */
export function refusal(
  rule: { readonly loopbackOnly: boolean; readonly methods?: readonly string[] },
  call: { readonly peer: string | undefined; readonly method: string | undefined },
): Refusal | undefined {
  if (rule.loopbackOnly && !isLoopback(call.peer)) {
    return { status: 403, body: 'Only requests from localhost are allowed\n' };
  }
  if (rule.methods !== undefined && !rule.methods.includes(call.method ?? '')) {
    return { status: 405, body: 'Method Not Allowed\n' };
  }
  return undefined;
}
