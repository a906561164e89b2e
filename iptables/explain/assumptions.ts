// Completes a packet of which the user has said only what matters, as this host would send or receive it, and says
// what was assumed. A packet whose hook is given is taken as it is. Pure.

import { hostPort } from '../../src/runtime/host-port.ts';
import { familyOf, isLoopback } from '../settings/cidr.ts';
import { badPacket, type Packet, packetFamily, type PartialPacket } from './packet.ts';

/** What a packet on this host can look like. */
export interface Surroundings {
  /** Own addresses, without zones; those that others can reach first. */
  readonly addresses: readonly string[];
  readonly interfaces: readonly string[];
  /** Ids that rules name: a process of the application has none of them. */
  readonly namedOwners: ReadonlySet<number>;
}

export interface CompletedPacket {
  readonly packet: Packet;
  /** One short sentence each. */
  readonly assumed: readonly string[];
}

/** @throws CaptureError when something is missing that cannot be guessed */
export function completePacket(given: PartialPacket, around: Surroundings): CompletedPacket {
  const { hook, proto } = given;
  if (hook !== undefined) {
    if (proto === undefined) throw badPacket('proto is missing, for example proto=tcp');
    return { packet: { ...given, hook, proto }, assumed: [] };
  }
  const draft = new Draft(given);
  draft.assume('proto', 'tcp', 'it is TCP');
  const packet = chosenHook(draft, around) === 'outbound' ? sent(draft, around) : arriving(draft, around);
  return { packet, assumed: draft.assumed };
}

class Draft {
  readonly assumed: string[] = [];
  packet: PartialPacket;

  constructor(given: PartialPacket) {
    this.packet = given;
  }

  assume<K extends keyof Packet>(key: K, value: Packet[K], sentence: string): void {
    if (this.packet[key] !== undefined || value === undefined) return;
    this.packet = { ...this.packet, [key]: value };
    this.assumed.push(sentence);
  }

  done(hook: Packet['hook']): Packet {
    const { proto = 'tcp', dst, dport } = this.packet;
    if (dst === undefined) throw badPacket('where it goes is missing: --to ADDRESS:PORT');
    if (dport === undefined && (proto === 'tcp' || proto === 'udp')) {
      throw badPacket(`the port it goes to is missing: --to ${hostPort({ host: dst, port: 'PORT' })}`);
    }
    return { ...this.packet, hook, proto };
  }
}

function chosenHook({ packet, assumed }: Draft, around: Surroundings): Packet['hook'] {
  const { src, dst, uid, gid, out } = packet;
  if (uid !== undefined || gid !== undefined || out !== undefined) return 'outbound';
  if (packet.in !== undefined) return 'inbound';
  const arrives = dst !== undefined && isOwn(dst, around) && src !== undefined && !isOwn(src, around);
  assumed.push(
    arrives ? 'it arrives: it comes from elsewhere to an address of this host' : 'it is sent by this host',
  );
  return arrives ? 'inbound' : 'outbound';
}

function sent(draft: Draft, around: Surroundings): Packet {
  const { dst = '' } = draft.packet;
  const stays = isOwn(dst, around);
  const source = sourceFor(draft.packet, around);
  if (source !== undefined) draft.assume('src', source, `it comes from ${source}`);
  const name = stays ? 'lo' : mainInterface(around);
  draft.assume('out', name, stays ? `it leaves by lo: ${dst} is here` : `it leaves by ${name}`);
  const owner = draft.packet.uid ?? applicationId(around);
  draft.assume('uid', owner, `user ${owner} sends it, whom no rule names`);
  draft.assume('gid', owner, `its group is ${owner}`);
  draft.assume('ctstate', 'NEW', 'it is the first of its connection');
  return draft.done('outbound');
}

function arriving(draft: Draft, around: Surroundings): Packet {
  const { src } = draft.packet;
  const name = src !== undefined && isOwn(src, around) ? 'lo' : mainInterface(around);
  draft.assume('in', name, `it arrives by ${name}`);
  draft.assume('ctstate', 'NEW', 'it is the first of its connection');
  return draft.done('inbound');
}

function isOwn(address: string, { addresses }: Surroundings): boolean {
  return isLoopback(address) || addresses.includes(address);
}

function sourceFor(packet: PartialPacket, around: Surroundings): string | undefined {
  const { dst = '' } = packet;
  if (isLoopback(dst)) return dst.includes(':') ? '::1' : '127.0.0.1';
  if (isOwn(dst, around)) return dst;
  return around.addresses.find((address) => familyOf(address) === packetFamily(packet));
}

/** That of a pod by its usual name, or else the first one. */
function mainInterface({ interfaces }: Surroundings): string {
  const others = interfaces.filter((name) => name !== 'lo');
  return others.includes(POD_INTERFACE) ? POD_INTERFACE : (others[0] ?? POD_INTERFACE);
}

const POD_INTERFACE = 'eth0';

/** Where user ids of people and applications begin. */
const FIRST_USER = 1000;

function applicationId({ namedOwners }: Surroundings): number {
  let id = FIRST_USER;
  while (namedOwners.has(id)) id++;
  return id;
}
