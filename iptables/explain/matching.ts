// Whether a packet meets the tests of a rule, as the kernel decides it. Pure.

import type { Field, RuleTest } from '../model/read-rule.ts';
import type { RuleSet } from '../model/rule-set.ts';
import { holdsAddress, holdsMark, holdsName, holdsNumber } from '../model/values.ts';
import type { Packet } from './packet.ts';

type Holds = (value: string, packet: Packet) => boolean | undefined;

const numbered =
  (key: 'sport' | 'dport' | 'uid' | 'gid'): Holds =>
  (value, packet) => {
    const number = packet[key];
    return number === undefined ? undefined : holdsNumber(value, number);
  };
const named =
  (key: 'in' | 'out'): Holds =>
  (value, packet) => {
    const name = packet[key];
    return name === undefined ? undefined : holdsName(value, name);
  };
const addressed =
  (key: 'src' | 'dst'): Holds =>
  (value, packet) => {
    const address = packet[key];
    // A test on an address of the other family is never met, a negated one neither.
    if (address === undefined || address.includes(':') !== value.includes(':')) return undefined;
    return holdsAddress(value, address);
  };

/** Undefined: the packet has nothing of the kind. */
const HOLDS: Readonly<Record<Field, Holds>> = {
  proto: (value, { proto }) => value === proto,
  src: addressed('src'),
  dst: addressed('dst'),
  sport: numbered('sport'),
  dport: numbered('dport'),
  in: named('in'),
  out: named('out'),
  uid: numbered('uid'),
  gid: numbered('gid'),
  ctstate: (value, { ctstate }) => (ctstate === undefined ? undefined : value === ctstate.toLowerCase()),
  mark: (value, { mark = 0 }) => holdsMark(value, mark),
  connmark: (value, { connmark = 0 }) => holdsMark(value, connmark),
  unknown: () => undefined,
};

/** True when the packet meets every one. A test on what the packet lacks is not met, with one exception. */
export function meetsAll(tests: readonly RuleTest[], packet: Packet, kind: RuleSet['kind']): boolean {
  return tests.every((test) => meets(test, packet, kind));
}

/** True when only tests that nothing here can decide stand between the packet and the rule. */
export function mightMeetAll(tests: readonly RuleTest[], packet: Packet, kind: RuleSet['kind']): boolean {
  const known = tests.filter(({ field }) => field !== 'unknown');
  return known.length < tests.length && meetsAll(known, packet, kind);
}

function meets({ field, negated, values }: RuleTest, packet: Packet, kind: RuleSet['kind']): boolean {
  const answers = new Set(values.map((value) => HOLDS[field](value, packet)));
  if (answers.has(undefined)) {
    // The kernel's own packets have no owner: iptables takes "not owned by" as met, nftables does not.
    return negated && kind === 'iptables' && (field === 'uid' || field === 'gid');
  }
  return answers.has(true) !== negated;
}
