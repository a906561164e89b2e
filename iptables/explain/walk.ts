// Sends a packet through the rules of one hook, table by table, as the kernel does, and keeps which rules it met.
// Pure.

import type { Action, ReadRule } from '../model/read-rule.ts';
import type { RuleSet } from '../model/rule-set.ts';
import { meetsAll, mightMeetAll } from './matching.ts';
import type { Hook, Packet } from './packet.ts';

export interface Verdict {
  /** PASS: nothing redirected it. */
  readonly verdict: 'PASS' | 'REDIRECT' | 'TPROXY' | 'DROP';
  /** Where it goes instead of its own port. */
  readonly port?: number;
  /** The mark that a rule gave it on its way to the proxy. */
  readonly mark?: number;
  /** Conntrack zone that its connection is looked up in; 0 when no rule chose one. */
  readonly ctZone?: number;
}

export interface Walk {
  readonly verdict: Verdict;
  /** Every rule it met, in order. */
  readonly met: readonly ReadRule[];
  /** Rules of others that it may have met too: they test what nothing here can decide. */
  readonly undecided: readonly ReadRule[];
  /** The packet as the rules leave it. */
  readonly packet: Packet;
}

/** In the order in which the kernel asks them. */
const TABLES = ['raw', 'mangle', 'nat'] as const;

const HOOK_CHAINS: Readonly<Record<RuleSet['kind'], Readonly<Record<Hook, string>>>> = {
  iptables: { inbound: 'PREROUTING', outbound: 'OUTPUT' },
  nftables: { inbound: 'prerouting', outbound: 'output' },
};

/** How a chain was left: on to the rule after the jump, or for good. */
type Exit = 'return' | 'accept' | 'drop' | 'redirect';

interface Traveller {
  readonly rules: RuleSet;
  packet: Packet;
  readonly met: ReadRule[];
  readonly undecided: ReadRule[];
  mark?: number;
  zone?: number;
  port?: number;
  tproxyPort?: number;
}

/** @param options.asksNat false for a packet whose way nat has decided before: of a known connection, or looped back */
export function walk(rules: RuleSet, packet: Packet, options: { readonly asksNat?: boolean } = {}): Walk {
  const traveller: Traveller = { rules, packet, met: [], undecided: [] };
  const asksNat = options.asksNat ?? isAskedAbout(packet);
  const exits: Exit[] = [];
  for (const table of TABLES.filter((table) => table !== 'nat' || asksNat)) {
    exits.push(through(traveller, table, HOOK_CHAINS[rules.kind][packet.hook], 0));
    if (exits.includes('drop')) break;
  }
  const { met, undecided, packet: left } = traveller;
  return { verdict: verdictOf(traveller, exits), met, undecided, packet: left };
}

/** nat rules are asked for the first packet of a connection; the others go where that one went. */
export function isAskedAbout({ ctstate }: Packet): boolean {
  return ctstate === undefined || ctstate === 'NEW' || ctstate === 'RELATED';
}

function verdictOf({ port, tproxyPort, mark, zone }: Traveller, exits: readonly Exit[]): Verdict {
  const ctZone = zone === undefined ? {} : { ctZone: zone };
  const marked = mark === undefined ? {} : { mark };
  if (exits.includes('drop')) return { verdict: 'DROP', ...ctZone };
  // The socket that TPROXY chose gets the packet, even when nat writes another port into it afterwards.
  if (tproxyPort !== undefined) return { verdict: 'TPROXY', port: tproxyPort, ...marked, ...ctZone };
  if (port !== undefined) return { verdict: 'REDIRECT', port, ...marked, ...ctZone };
  return { verdict: 'PASS', ...ctZone };
}

/** The kernel allows more; a loop, which only others' rules can make, ends here. */
const MAX_DEPTH = 64;

function through(traveller: Traveller, table: string, chain: string, depth: number): Exit {
  const { rules, met, undecided } = traveller;
  if (depth > MAX_DEPTH) return 'return';
  for (const rule of rules.tables.get(table)?.get(chain) ?? []) {
    if (mightMeetAll(rule.tests, traveller.packet, rules.kind)) undecided.push(rule);
    if (!meetsAll(rule.tests, traveller.packet, rules.kind)) continue;
    met.push(rule);
    for (const action of rule.actions) {
      const exit = act(traveller, table, action, depth);
      if (exit === 'left') return 'return';
      if (exit !== undefined) return exit;
    }
  }
  return 'return';
}

/** @returns how the chain is left; undefined to go on with the next action or rule */
function act(traveller: Traveller, table: string, action: Action, depth: number): Exit | 'left' | undefined {
  if (action.do === 'jump' || action.do === 'goto') {
    const exit = through(traveller, table, action.chain, depth + 1);
    if (exit !== 'return') return exit;
    return action.do === 'goto' ? 'left' : undefined;
  }
  if (action.do === 'return') return 'left';
  if (action.do === 'accept' || action.do === 'drop') return action.do;
  if (action.do === 'redirect') {
    traveller.port = action.port;
    traveller.packet = { ...traveller.packet, dport: action.port };
    return 'redirect';
  }
  return change(traveller, action);
}

/** What a rule changes about the packet before it goes on. */
function change(traveller: Traveller, action: Action): Exit | undefined {
  const { packet } = traveller;
  if (action.do === 'tproxy') traveller.tproxyPort = action.port;
  else if (action.do === 'mark') {
    const mark = (((packet.mark ?? 0) & ~action.mask) | action.value) >>> 0;
    traveller.mark = mark;
    traveller.packet = { ...packet, mark };
  } else if (action.do === 'saveMark') traveller.packet = { ...packet, connmark: packet.mark ?? 0 };
  else if (action.do === 'restoreMark') traveller.packet = { ...packet, mark: packet.connmark ?? 0 };
  // The first one decides: a packet that has a zone keeps it.
  else if (action.do === 'zone') traveller.zone ??= action.zone;
  else if (action.do === 'other' && /^[DS]NAT\b/.test(action.words)) return 'accept';
  return undefined;
}
