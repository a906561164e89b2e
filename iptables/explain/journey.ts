// The whole way of a packet: out of a process, and where it stays on this host, in again over lo. Pure.

import type { RuleSet } from '../model/rule-set.ts';
import { type Packet, packetFamily } from './packet.ts';
import { type Verdict, type Walk, walk } from './walk.ts';

export interface Journey {
  /** As it set out. */
  readonly packet: Packet;
  /** Where it ends. */
  readonly verdict: Verdict;
  /** Through the rules of its own hook. */
  readonly first: Walk;
  /** Through the rules for arriving packets, when it comes in over lo after it was sent here. */
  readonly overLo?: Walk;
}

export function journey(rules: RuleSet, packet: Packet): Journey {
  const first = walk(rules, packet);
  const looped = loopedPacket(first, packet);
  if (looped === undefined) return { packet, verdict: first.verdict, first };
  // The connection is the one that was sent: nat has decided about it, and its zone stays.
  const overLo = walk(rules, looped, { asksNat: false });
  if (overLo.verdict.verdict === 'PASS') return { packet, verdict: first.verdict, first, overLo };
  const { ctZone: _fixed, ...verdict } = overLo.verdict;
  const { ctZone } = first.verdict;
  return { packet, verdict: { ...verdict, ...(ctZone !== undefined && { ctZone }) }, first, overLo };
}

const LOOPBACK = { v4: '127.0.0.1', v6: '::1' } as const;

/** The packet as it comes in over lo; undefined for one that does not. */
function loopedPacket({ verdict, packet: left }: Walk, sent: Packet): Packet | undefined {
  const { out, uid: _uid, gid: _gid, ...rest } = left;
  const { port } = verdict;
  if (sent.hook !== 'outbound' || verdict.verdict === 'DROP') return undefined;
  if (out !== 'lo' && port === undefined) return undefined;
  const target = port === undefined ? {} : { dst: LOOPBACK[packetFamily(sent)], dport: port };
  return { ...rest, ...target, hook: 'inbound', in: 'lo' };
}
