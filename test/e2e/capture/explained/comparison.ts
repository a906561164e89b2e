// Makes a call, and compares who answered with where `--explain` says that its first packet ends: by the planned rules,
// and by the rules as the kernel lists them.

import { completePacket } from '../../../../iptables/explain/assumptions.ts';
import { type Journey, journey } from '../../../../iptables/explain/journey.ts';
import type { Packet } from '../../../../iptables/explain/packet.ts';
import type { RuleSet } from '../../../../iptables/model/rule-set.ts';
import type { Outcome } from '../capture-host.ts';
import { ADDRESSES, type PodAndPeer } from '../pod-and-peer.ts';
import type { AnyFlow } from './any-flows.ts';

/** The same rules of one family from two places. */
export interface BothRules {
  readonly planned: RuleSet;
  readonly live: RuleSet;
}

const VALUES = Object.values(ADDRESSES);
const PEER = new Set(VALUES.flatMap(({ peer, peerElsewhere }) => [peer, peerElsewhere]));
const SURROUNDINGS = { addresses: VALUES.map(({ pod }) => pod), interfaces: ['lo', 'eth0'] };

export interface Compared {
  /** As explained, for example `REDIRECT 15001`. */
  readonly verdict: string;
  /** What does not agree, in one line; absent when all does. */
  readonly disagreement?: string;
}

export async function compareFlow(
  hosts: PodAndPeer,
  flow: AnyFlow,
  rules: (packet: Packet) => BothRules,
): Promise<Compared> {
  const packet = packetOf(flow);
  const { planned, live } = rules(packet);
  const way = journey(planned, packet);
  const { verdict: explained } = way;
  const { verdict: explainedLive } = journey(live, packet);
  const outcome = await callOf(hosts, flow);
  const happened = whatHappened(outcome);
  const expected = whatIsExpected(flow, way);
  const verdict = [explained.verdict, explained.port].join(' ').trim();
  if (happened === expected && JSON.stringify(explained) === JSON.stringify(explainedLive))
    return { verdict };
  const disagreement = JSON.stringify({
    flow,
    packet,
    happened,
    expected,
    outcome,
    explained,
    explainedLive,
  });
  return { verdict, disagreement };
}

/** As a user would tell it, with the rest filled in. */
function packetOf({ from, protocol, destination, port, owner, source }: AnyFlow): Packet {
  const given = {
    proto: protocol,
    dst: destination,
    dport: port,
    ...(source !== undefined && { src: source }),
  };
  const around = { ...SURROUNDINGS, namedOwners: new Set<number>() };
  return completePacket(from === 'pod' ? { ...given, ...owner } : given, around).packet;
}

function callOf(hosts: PodAndPeer, flow: AnyFlow): Promise<Outcome> {
  const { from, protocol, destination, port, owner, source } = flow;
  const call = { owner, protocol, address: destination, port };
  return hosts[from].call({ ...call, ...(source !== undefined && { source }) });
}

/** Who answered, and whether the call still had its own port when it came there, as only TPROXY leaves it. */
function whatHappened(outcome: Outcome): string {
  if ('error' in outcome) return outcome.error;
  const { destination, destinationPort, listener } = outcome;
  return `${PEER.has(destination) ? 'peer' : 'pod'} ${listener}, called at ${destinationPort}`;
}

function whatIsExpected({ destination, port }: AnyFlow, { verdict: end, first, overLo }: Journey): string {
  const { verdict, port: other } = end;
  if (verdict === 'DROP') return 'silence';
  if (verdict === 'TPROXY') return `pod ${other}, called at ${(overLo ?? first).packet.dport}`;
  if (verdict === 'REDIRECT') return `pod ${other}, called at ${other}`;
  return `${PEER.has(destination) ? 'peer' : 'pod'} ${port}, called at ${port}`;
}
