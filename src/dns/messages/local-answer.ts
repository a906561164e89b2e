// The message that answers a name of the mesh: at most one alias, then its addresses. Names are compressed.
// RFC 1035 sections 3.2 and 4.1.4.

import { isIPv6 } from 'node:net';

import type { Hit } from '../names/lookup-table.ts';
import { HEADER_BYTES, readMessage, TYPE, type Message } from './message.ts';
import { RCODE, replyHead } from './replies.ts';
import { shuffled } from './shuffle.ts';

const TTL_SECONDS = 30;
const CLASS_IN = 1;
/** The smallest address record: a pointer to its name, ten bytes of fields, an IPv4 address. */
const RECORD_BYTES = 16;
/** Pointers reach no further. */
const POINTER_LIMIT = 0x4000;

export interface AddressChoice {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What the client takes. */
  readonly limitBytes: number;
}

/** The addresses of the asked family; undefined for a question that is not about addresses. */
export function addressesAsked(hit: Hit, type: number): readonly string[] | undefined {
  if (type === TYPE.A) return hit.v4;
  return type === TYPE.AAAA ? hit.v6 : undefined;
}

/**
 * Without addresses the answer is empty, and the name exists: "no such name" would be taken for both families.
 *
 * @param asked the question's name, lower case
 * @param choice decides which addresses come first, and stops where the reply is longer than its limit anyway
 */
export function localAnswer(
  query: Message,
  asked: string,
  hit: Hit,
  addresses: readonly string[],
  { random, limitBytes }: AddressChoice,
): Message {
  const chosen = shuffled(addresses, random, Math.ceil(limitBytes / RECORD_BYTES));
  const aliases = hit.alias === undefined || chosen.length === 0 ? [] : [hit.alias];
  const head = replyHead(query, RCODE.NOERROR, {
    authoritative: true,
    records: aliases.length + chosen.length,
  });
  const writer = new RecordWriter(head);
  for (const target of aliases) writer.alias(asked, target);
  for (const address of chosen) writer.address(hit.owner, address);
  const message = readMessage(writer.bytes());
  if (message === undefined) throw new Error(`a reply about ${asked} came out malformed`); // a mistake of ours
  return message;
}

class RecordWriter {
  readonly #parts: Buffer[];
  #length: number;
  /** Where each name, or end of a name, was written first. */
  readonly #names = new Map<string, number>();

  constructor(head: Buffer) {
    this.#parts = [head];
    this.#length = head.length;
    this.#rememberQuestion(head);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  alias(owner: string, target: string): void {
    this.#name(owner);
    const fields = this.#fields(TYPE.CNAME);
    const start = this.#length;
    this.#name(target);
    fields.writeUInt16BE(this.#length - start, 8);
  }

  address(owner: string, address: string): void {
    const bytes = isIPv6(address) ? bytesOfV6(address) : Buffer.from(address.split('.').map(Number));
    this.#name(owner);
    this.#fields(isIPv6(address) ? TYPE.AAAA : TYPE.A).writeUInt16BE(bytes.length, 8);
    this.#write(bytes);
  }

  /** The ten bytes between owner and data; the length of the data is left to the caller. */
  #fields(type: number): Buffer {
    const fields = Buffer.alloc(10);
    fields.writeUInt16BE(type, 0);
    fields.writeUInt16BE(CLASS_IN, 2);
    fields.writeUInt32BE(TTL_SECONDS, 4);
    this.#write(fields);
    return fields;
  }

  #name(name: string): void {
    for (let rest = name; rest !== ''; rest = rest.slice(rest.indexOf('.') + 1)) {
      const known = this.#names.get(rest);
      if (known !== undefined) {
        this.#write(Buffer.from([0xc0 | (known >> 8), known & 0xff]));
        return;
      }
      if (this.#length < POINTER_LIMIT) this.#names.set(rest, this.#length);
      const label = Buffer.from(rest.slice(0, rest.indexOf('.')), 'latin1');
      this.#write(Buffer.from([label.length]));
      this.#write(label);
    }
    this.#write(Buffer.from([0]));
  }

  /** A name asked in another case is written anew: the answer has it in lower case. */
  #rememberQuestion(head: Buffer): void {
    let text = '';
    const starts: number[] = [];
    for (let at = HEADER_BYTES; (head[at] ?? 0) !== 0; at += 1 + (head[at] ?? 0)) {
      starts.push(at);
      text += `${head.toString('latin1', at + 1, at + 1 + (head[at] ?? 0))}.`;
    }
    if (text !== text.toLowerCase()) return;
    let rest = text;
    for (const start of starts) {
      this.#names.set(rest, start);
      rest = rest.slice(rest.indexOf('.') + 1);
    }
  }

  #write(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}

function bytesOfV6(address: string): Buffer {
  const [head = '', tail] = withoutDottedEnd(address).split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros: number[] = Array.from({ length: 8 - before.length - after.length }, () => 0);
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...zeros, ...after].entries())
    bytes.writeUInt16BE(group, index * 2);
  return bytes;
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** `::ffff:1.2.3.4` as `::ffff:102:304`. */
function withoutDottedEnd(address: string): string {
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(address)?.[0];
  if (dotted === undefined) return address;
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  return address.slice(0, -dotted.length) + hex;
}
