// Queries that are none, nearly: real ones with random damage, as datagrams and on a connection. What a reply to them
// may be is judged by another decoder.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { Readable } from 'node:stream';

import * as fc from 'fast-check';
import { Packet } from 'dns2';

import { frame, framedMessages } from '../../../src/dns/listen/tcp-frames.ts';
import { HEADER_BYTES, readMessage, TYPE, type Message } from '../../../src/dns/messages/message.ts';
import { LookupTable } from '../../../src/dns/names/lookup-table.ts';
import { Responder } from '../../../src/dns/responder.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentDnsMeter } from '../support/dns-meter.ts';
import { packed } from '../support/packed.ts';
import { encodeQuery, optRecord, type Query } from '../support/wire.ts';

/** Packets of one example. */
const PACKETS = 20;
/** Damage done to one packet before the next begins whole. */
const DAMAGE = 4;

const QUERIES: readonly Query[] = [
  { name: 'web.example.' },
  { name: 'WEB.example.', type: 'AAAA', edns: 1232 },
  { name: 'big.example.' },
  { name: 'big.example.', edns: 4096 },
  { name: 'a.b.wild.example.mesh.' },
  { name: 'www.elsewhere.org.', type: 'HTTPS', edns: 512 },
  { name: `${'l'.repeat(63)}.${'m'.repeat(63)}.${'n'.repeat(63)}.${'o'.repeat(60)}.`, opcode: 4 },
  { name: '.', type: 'ANY' },
];

type Change = (packet: Buffer) => Buffer;

/** Bytes, counts and flags at random; parts left out or put in; pointers, and records that nobody asked for. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.nat(80), fc.nat(255)).map(([at, value]) => written(at, [value])),
  fc
    .tuple(fc.nat(3), fc.constantFrom(0, 1, 2, 3, 0xffff))
    .map(([n, count]) => written(4 + 2 * n, word(count))),
  fc.tuple(fc.integer({ min: 12, max: 60 }), fc.nat(80)).map(([at, to]) => written(at, [0xc0, to])),
  fc.nat(0xffff).map((flags) => written(2, word(flags))),
  fc.nat(80).map((length) => (packet: Buffer) => packet.subarray(0, length)),
  fc.tuple(fc.nat(60), bytes(40)).map(([at, put]) => inserted(at, put)),
  fc.nat(0xffff).map((size) => (packet: Buffer) => withAdditional(packet, optRecord(size))),
  bytes(30).map((record) => (packet: Buffer) => withAdditional(packet, record)),
  bytes(80).map((random) => () => random),
  fc.constant((packet: Buffer) => packet),
);

const example = fc.record({
  query: fc.constantFrom(...QUERIES).map(encodeQuery),
  changes: fc.array(change, { minLength: PACKETS, maxLength: PACKETS }),
  /** Where the bytes of a connection are cut. */
  chunkBytes: fc.integer({ min: 10, max: 2000 }),
});

/** Tries so many packets, each over both protocols. Rejects with the smallest example that breaks a rule, and its seed. */
export async function tryPackets(count: number): Promise<void> {
  const responder = await hostileResponder();
  const rule = fc.asyncProperty(example, async ({ query, changes, chunkBytes }) => {
    const packets = damaged(query, changes);
    deepEqual(await overConnection(packets, chunkBytes), packets);
    for (const packet of packets) {
      const asRead = readAsOther(packet);
      judge(await responder.reply(packet, 'udp'), packet, asRead, asRead.udpBytes);
      judge(await responder.reply(packet, 'tcp'), packet, asRead, 65_535);
    }
  });
  const seed = process.env.FUZZ_SEED;
  const numRuns = Math.ceil(count / PACKETS);
  await fc.assert(rule, { numRuns, ...(seed !== undefined && { seed: Number(seed) }) });
}

function damaged(query: Buffer, changes: readonly Change[]): readonly Buffer[] {
  let packet = query;
  return changes.map((each, index) => {
    packet = each(index % DAMAGE === 0 ? query : packet);
    return packet;
  });
}

async function overConnection(packets: readonly Buffer[], chunkBytes: number): Promise<readonly Buffer[]> {
  const stream = Buffer.concat(packets.map(frame));
  const chunks = Array.from({ length: Math.ceil(stream.length / chunkBytes) }, (_, index) =>
    stream.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  const read: Buffer[] = [];
  for await (const packet of framedMessages(Readable.from(chunks))) read.push(packet);
  return read;
}

/** What another decoder says of a packet. */
interface AsRead {
  readonly deserves: 'nothing' | 'a header' | 'any reply';
  /** What its sender takes over UDP. */
  readonly udpBytes: number;
}

function judge(reply: Buffer | undefined, packet: Buffer, { deserves }: AsRead, limitBytes: number): void {
  if (deserves === 'nothing') return equal(reply, undefined);
  ok(reply !== undefined && reply.length <= limitBytes);
  if (deserves === 'a header') equal(reply.length, HEADER_BYTES);
  const header = readMessage(reply)?.header;
  ok(header !== undefined, 'a reply that is no message');
  deepEqual([header.isResponse, header.id], [true, packet.readUInt16BE(0)]);
}

function readAsOther(packet: Buffer): AsRead {
  if (packet.length < HEADER_BYTES) return { deserves: 'nothing', udpBytes: 0 };
  const read = Packet.parse(packet);
  if (read.header.qr === 1) return { deserves: 'nothing', udpBytes: 0 };
  const sizes = read.additionals.filter(({ type }) => type === TYPE.OPT).map((option) => option.class);
  return { deserves: isQuery(read) ? 'any reply' : 'a header', udpBytes: Math.max(512, ...sizes) };
}

/** Everything that was announced can be decoded, and no more was announced than a query has. */
function isQuery({ header, errors }: Packet): boolean {
  const { opcode, qdcount, ancount, nscount, arcount } = header;
  const isSmall = qdcount === 1 && ancount <= 1 && nscount <= 1 && arcount <= 2;
  return errors.length === 0 && isSmall && (opcode === 0 || opcode === 4);
}

/** Knows small and large names; a resolver answers the others with more than a datagram holds. */
async function hostileResponder(): Promise<Responder> {
  const many = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`);
  const hosts = {
    'web.example': { ips: ['10.0.0.1', '::1'] },
    'big.example': { ips: many },
    '*.wild.example': { ips: many },
  };
  const names = { namespace: 'shop', domain: 'shop.svc.mesh', search: ['mesh'] };
  const table = await LookupTable.build(packed(hosts), names);
  return new Responder({
    table: () => table,
    respondBeforeSync: false,
    forwarder: { isOwn: () => false, forward: (query) => Promise.resolve(largeAnswer(query)) },
    metrics: silentDnsMeter(),
    log: recordingLog().log,
    random: Math.random,
  });
}

function largeAnswer({ header, question }: Message): Message | undefined {
  const record = Buffer.from('c00c000100010000001e0004c0000201', 'hex');
  const records = Array.from({ length: 60 }, () => record);
  const head = Buffer.from([header.id, 0x8180, 1, 60, 0, 1].flatMap(word));
  return readMessage(Buffer.concat([head, question?.bytes ?? Buffer.alloc(0), ...records, optRecord(1232)]));
}

function bytes(maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((values) => Buffer.from(values));
}

function word(value: number): readonly number[] {
  return [value >> 8, value & 0xff];
}

function written(at: number, values: readonly number[]): Change {
  return (packet) => {
    const copy = Buffer.from(packet);
    for (const [index, value] of values.entries()) if (at + index < copy.length) copy[at + index] = value;
    return copy;
  };
}

function inserted(at: number, put: Buffer): Change {
  return (packet) => Buffer.concat([packet.subarray(0, at), put, packet.subarray(at)]);
}

/** Announced, unless there is no header to do it in. */
function withAdditional(packet: Buffer, record: Buffer): Buffer {
  const longer = Buffer.concat([packet, record]);
  if (packet.length >= HEADER_BYTES) longer.writeUInt16BE((packet.readUInt16BE(10) + 1) & 0xffff, 10);
  return longer;
}
