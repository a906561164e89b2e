// The packet that `--explain` is asked about, and its text form: `key=value` pairs with commas between them.

import { CaptureError } from '../errors.ts';
import { NO_NAMES, type OwnerIds } from '../model/iptables-words.ts';
import type { Family } from '../rules/rule.ts';
import { familyOf, canonicalIPv6 } from '../settings/cidr.ts';

export type Hook = 'inbound' | 'outbound';

/** What is absent matches no test on it; a packet without a mark has mark 0. */
export interface Packet {
  /** Whether it arrives at this host or one of its processes sends it. */
  readonly hook: Hook;
  /** Lower case: tcp, udp, icmp, … */
  readonly proto: string;
  readonly src?: string;
  readonly dst?: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly in?: string;
  readonly out?: string;
  /** Owner of the sending process. */
  readonly uid?: number;
  readonly gid?: number;
  /** Of its connection: NEW, ESTABLISHED, RELATED, INVALID or UNTRACKED. */
  readonly ctstate?: string;
  readonly mark?: number;
  /** The mark that its connection remembers. */
  readonly connmark?: number;
}

/** The parts that are known so far; which family it is of is decided by its addresses. */
export type PartialPacket = { readonly [K in keyof Packet]?: Packet[K] };

const STATES: readonly string[] = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'];
const MAX_UINT32 = 2 ** 32 - 1;

type Reader = (text: string, ids: OwnerIds) => string | number | undefined;

const word = (text: string): string | undefined => (/^\S+$/.test(text) ? text : undefined);
const number =
  (max: number) =>
  (text: string): number | undefined => {
    const value = /^(?:\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN;
    return value <= max ? value : undefined;
  };
const address: Reader = (text) => {
  const family = familyOf(text);
  return family === 'v6' ? canonicalIPv6(text) : family && text;
};
const oneOf =
  (choices: readonly string[]): Reader =>
  (text) =>
    choices.find((choice) => choice.toLowerCase() === text.toLowerCase());

const READERS: Readonly<Record<keyof Packet, Reader>> = {
  hook: oneOf(['inbound', 'outbound']),
  proto: (text) => word(text.toLowerCase()),
  src: address,
  dst: address,
  sport: number(65_535),
  dport: number(65_535),
  in: word,
  out: word,
  uid: (text, { users }) => number(MAX_UINT32)(users.get(text) ?? text),
  gid: (text, { groups }) => number(MAX_UINT32)(groups.get(text) ?? text),
  ctstate: oneOf(STATES),
  mark: number(MAX_UINT32),
  connmark: number(MAX_UINT32),
};

/** What a value should have been, where the key does not say it. */
const NOUNS: Partial<Record<keyof Packet, string>> = {
  src: 'address',
  dst: 'address',
  sport: 'port',
  dport: 'port',
  uid: 'user of this image',
  gid: 'group of this image',
};

/**
 * @param text comma list of `key=value`; empty for nothing known
 * @param ids of users and groups that are named
 * @throws CaptureError naming the first pair that cannot be read
 */
export function parsePacket(text: string, ids: OwnerIds = NO_NAMES): PartialPacket {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  const packet: Partial<Record<keyof Packet, string | number>> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(0, at)).trim();
    if (!isKey(key)) {
      throw badPacket(`"${pair.trim()}" is not one of ${Object.keys(READERS).join('=, ')}=`);
    }
    if (packet[key] !== undefined) throw badPacket(`${key} is given twice`);
    packet[key] = packetValue(key, pair.slice(at + 1).trim(), ids);
  }
  checkFamilies(packet as PartialPacket);
  return packet as PartialPacket;
}

function isKey(key: string): key is keyof Packet {
  return Object.hasOwn(READERS, key);
}

/** @throws CaptureError for a value that the key cannot have */
function packetValue(key: keyof Packet, text: string, ids: OwnerIds): string | number {
  const value = READERS[key](text, ids);
  if (value === undefined) throw badPacket(`"${text}" is no ${NOUNS[key] ?? key}`);
  return value;
}

/** @throws CaptureError when source and destination are of different families */
function checkFamilies({ src, dst }: PartialPacket): void {
  if (src === undefined || dst === undefined || familyOf(src) === familyOf(dst)) return;
  throw badPacket(`${src} and ${dst} are of different families`);
}

/** IPv4 when no address tells. */
export function packetFamily({ src, dst }: PartialPacket): Family {
  return familyOf(dst ?? src ?? '') ?? 'v4';
}

export function badPacket(message: string): CaptureError {
  return new CaptureError(`--explain: ${message}`, { id: 'IPT-BAD-PACKET' });
}
