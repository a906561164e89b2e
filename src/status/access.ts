// Who may call what: the loopback gate and the method rule of the endpoints that act or tell secrets of the
// pod. Headers such as X-Forwarded-For are never asked.

import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

export interface Refusal {
  readonly status: 403 | 405;
  readonly body: string;
}

/** True for 127.0.0.0/8, `::1` and their IPv4-mapped form; false for anything that is no address. */
export function isLoopback(peer: string | undefined): boolean {
  const family = isIP(peer ?? '');
  if (peer === undefined || family === 0) return false;
  return LOOPBACK.check(peer, family === 4 ? 'ipv4' : 'ipv6');
}

/** Undefined when the call is allowed. The peer is judged before the method. */
export function refusal(
  rule: { readonly loopbackOnly: boolean; readonly method?: string },
  call: { readonly peer: string | undefined; readonly method: string | undefined },
): Refusal | undefined {
  if (rule.loopbackOnly && !isLoopback(call.peer)) {
    return { status: 403, body: 'Only requests from localhost are allowed\n' };
  }
  if (rule.method !== undefined && call.method !== rule.method) {
    return { status: 405, body: 'Method Not Allowed\n' };
  }
  return undefined;
}
