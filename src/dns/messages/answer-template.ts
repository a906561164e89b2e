// The answer to one question about a name of the mesh, encoded once and sent many times: what differs from one query
// to the next is its id, its flags and the order of the addresses. dns2 encodes everything up to the second address
// record; the others are repeated from that one, because dns2 copies the whole message with every record it adds.

import { Packet } from 'dns2';
import ipaddr from 'ipaddr.js';

import { HEADER_BYTES, readMessage, TYPE, type Message, type Question } from './message.ts';
import { fitReply } from './replies.ts';
import { shuffled } from './shuffle.ts';

export interface LocalRecords {
  /** The asked name is an alias of this one. Lower case, absolute, as all names here. */
  readonly alias: string | undefined;
  /** The name that the address records are under. */
  readonly owner: string;
  /** All of the family that is asked for. */
  readonly addresses: readonly string[];
}

export interface AnswerChoice {
  /** Uniform in [0, 1): which addresses come first, and which at all where not all fit. */
  readonly random: () => number;
  /** What the client takes. */
  readonly limitBytes: number;
}

const TTL_SECONDS = 30;
const CLASS_IN = 1;
const MAX_MESSAGE_BYTES = 65_535;
/** Of the header's flags, as bytes. */
const RESPONSE = 0x80;
const OPCODE_AND_RECURSION = 0x79;
const AUTHORITATIVE = 0x04;
const TRUNCATED = 0x02;
const NO_CHECKING = 0x10;

export class AnswerTemplate {
  /** With as many addresses as one message holds, in the order of the table. */
  readonly #bytes: Buffer;
  /** Each as it is sent. */
  readonly #addresses: readonly Buffer[];
  readonly #aliases: number;
  /** Of every address record but the first. */
  readonly #recordBytes: number;
  /** Addresses in `#bytes`. */
  readonly #room: number;

  /** @param question about addresses; its name is the asked one */
  constructor(question: Question, { alias, owner, addresses }: LocalRecords) {
    const encoded = encode(question, { alias, owner, addresses });
    this.#addresses = ownAddresses(addresses);
    this.#aliases = alias === undefined ? 0 : 1;
    this.#recordBytes = (owner === '.' ? 1 : 2) + 10 + (this.#addresses[0]?.length ?? 0);
    const repeats = Math.floor((MAX_MESSAGE_BYTES - encoded.length) / this.#recordBytes);
    const repeated = Math.max(0, Math.min(addresses.length - 2, repeats));
    this.#room = Math.min(addresses.length, 2 + repeated);
    this.#bytes = Buffer.alloc(encoded.length + repeated * this.#recordBytes); // of its own, as the addresses are
    this.#bytes.set(encoded);
    this.#bytes.fill(encoded.subarray(-this.#recordBytes), encoded.length);
    this.#place(this.#bytes, this.#addresses.slice(0, this.#room));
  }

  /** What it takes to keep it, bytes. */
  get sizeBytes(): number {
    return this.#bytes.length + this.#addresses.length * 100; // each address is an object of its own
  }

  /** The name exists, and has no address of the asked family. */
  get isEmpty(): boolean {
    return this.#addresses.length === 0;
  }

  /** @param query one with the question of this template, byte for byte */
  reply(query: Message, { random, limitBytes }: AnswerChoice): Buffer {
    const excess = Math.max(0, this.#bytes.length - limitBytes);
    const count = this.#room - Math.ceil(excess / this.#recordBytes);
    if (count < Math.min(1, this.#room)) return this.#cut(query, { random, limitBytes });
    const reply = Buffer.allocUnsafe(this.#bytes.length - (this.#room - count) * this.#recordBytes);
    this.#bytes.copy(reply, 0, 0, reply.length);
    const isCut = count < this.#addresses.length;
    reply.writeUInt16BE(query.header.id, 0);
    reply[2] =
      RESPONSE | ((query.bytes[2] ?? 0) & OPCODE_AND_RECURSION) | AUTHORITATIVE | (isCut ? TRUNCATED : 0);
    reply[3] = (query.bytes[3] ?? 0) & NO_CHECKING;
    reply.writeUInt16BE(this.#aliases + count, 6);
    if (this.#addresses.length > 1) this.#place(reply, shuffled(this.#addresses, random, count));
    return reply;
  }

  /** For a limit that is below the end of the first address. */
  #cut(query: Message, { random, limitBytes }: AnswerChoice): Buffer {
    const whole = readMessage(this.reply(query, { random, limitBytes: MAX_MESSAGE_BYTES }));
    if (whole === undefined) throw new Error('a reply came out malformed'); // a mistake of ours
    return fitReply(whole, limitBytes);
  }

  /** The last one ends where the message does. */
  #place(message: Buffer, addresses: readonly Buffer[]): void {
    let end = message.length - (addresses.length - 1) * this.#recordBytes;
    for (const address of addresses) {
      message.set(address, end - address.length);
      end += this.#recordBytes;
    }
  }
}

/** In memory of their own: a piece of a shared one, kept for long, would keep the thousand times larger whole. */
function ownAddresses(texts: readonly string[]): readonly Buffer[] {
  const addresses = texts.map((text) => ipaddr.parse(unmistakable(text)).toByteArray());
  const size = addresses[0]?.length ?? 0;
  const own = Buffer.alloc(addresses.length * size);
  return addresses.map((bytes, index) => {
    const place = own.subarray(index * size, (index + 1) * size);
    place.set(bytes);
    return place;
  });
}

/** ipaddr.js takes `::1.2.3.4` for the mapped address `::ffff:1.2.3.4`. */
function unmistakable(address: string): string {
  return address.replace(/^::(?=\d+\.)/, '0::');
}

/** Header, question, the alias, and at most two addresses, which are blank. */
function encode(question: Question, { alias, owner, addresses }: LocalRecords): Buffer {
  const { name = '.', type } = question;
  const fields = { class: CLASS_IN, ttl: TTL_SECONDS };
  const packet = new Packet(new Packet.Header({ qr: 1, aa: 1 }));
  packet.questions.push(new Packet.Question(standIn(question, name), type, CLASS_IN));
  if (alias !== undefined) {
    packet.answers.push(new Packet.Resource({ ...fields, name, type: TYPE.CNAME, domain: alias }));
  }
  const address = type === TYPE.AAAA ? '::' : '0.0.0.0';
  for (const _ of addresses.slice(0, 2)) {
    packet.answers.push(new Packet.Resource({ ...fields, name: owner, type, address }));
  }
  const encoded = packet.toBuffer();
  question.bytes.copy(encoded, HEADER_BYTES);
  return encoded;
}

/**
 * The name as dns2 has to see it in the question, which is written over. Records are in lower case, but dns2 would point
 * to a question in another case: then it sees a name of the same length that no record has.
 */
function standIn({ bytes }: Question, name: string): string {
  const isLower = bytes.toString('latin1').toLowerCase() === bytes.toString('latin1');
  return isLower ? name : name.replaceAll(/[^.]/g, ' ');
}
