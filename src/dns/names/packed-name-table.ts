// A name table that stays as it came: packed. A host is decoded each time somebody looks at it, which takes some
// microseconds; as objects, the hosts of a large mesh would take tens of megabytes, and the garbage collector would
// stop everything to move them about. Upstream: istio 1.31 pkg/dns/proto/nds.proto.

import { isUtf8 } from 'node:buffer';

import protobuf from 'protobufjs/minimal.js';

import { AgentError } from '../../runtime/errors.ts';
import type { Host, NameInfo } from './name-table.ts';

/** Reads the value of a known field and returns true, or returns false and reads nothing. */
type FieldReader = (tag: number) => boolean;

const TABLE = tagOf(1);
const ENTRY = { key: tagOf(1), value: tagOf(2) };
const INFO = {
  ip: tagOf(1),
  registry: tagOf(2),
  shortname: tagOf(3),
  namespace: tagOf(4),
  altHost: tagOf(5),
};

/** What stands in a text for bytes that are none. */
const REPLACEMENT = '\uFFFD';

export class PackedNameTable {
  readonly #bytes: Buffer;
  readonly #reader: protobuf.Reader;
  /** Where the length of each entry stands. */
  readonly #entries: readonly number[];

  /**
   * Finds where the entries are, and reads none of them.
   *
   * @param bytes a NameTable; they must not change any more
   * @throws Error when they are no message
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#reader = protobuf.Reader.create(this.#bytes);
    const entries: number[] = [];
    this.#fields(this.#bytes.length, (tag) => {
      if (tag !== TABLE) return false;
      entries.push(this.#reader.pos);
      this.#reader.skip(this.#reader.uint32());
      return true;
    });
    this.#entries = entries;
  }

  /** How many hosts there are. */
  get count(): number {
    return this.#entries.length;
  }

  /** Of the hosts, in order. */
  *numbers(): Iterable<number> {
    for (let number = 0; number < this.count; number += 1) yield number;
  }

  /**
   * @param number from 0
   * @throws Error when the entry is malformed, or a text in it no UTF-8
   */
  at(number: number): Host {
    let name = '';
    let info: NameInfo = {};
    this.#reader.pos = this.#entries[number] ?? this.#bytes.length;
    this.#message((tag) => {
      if (tag === ENTRY.key) name = this.#text();
      else if (tag === ENTRY.value) info = this.#info();
      else return false;
      return true;
    });
    return { name, info };
  }

  #info(): NameInfo {
    const info = {
      ips: [] as string[],
      registry: '',
      shortname: '',
      namespace: '',
      altHosts: [] as string[],
    };
    this.#message((tag) => {
      if (tag === INFO.ip) info.ips.push(this.#text());
      else if (tag === INFO.registry) info.registry = this.#text();
      else if (tag === INFO.shortname) info.shortname = this.#text();
      else if (tag === INFO.namespace) info.namespace = this.#text();
      else if (tag === INFO.altHost) info.altHosts.push(this.#text());
      else return false;
      return true;
    });
    return info;
  }

  #message(readField: FieldReader): void {
    const length = this.#reader.uint32();
    this.#fields(this.#reader.pos + length, readField);
  }

  #fields(end: number, readField: FieldReader): void {
    const reader = this.#reader;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (!readField(tag)) reader.skipType(tag & 7);
    }
    if (reader.pos !== end) throw new AgentError('a field runs past the end of its message');
  }

  /** Upstream refuses a text that is no UTF-8. */
  #text(): string {
    const length = this.#reader.uint32();
    const start = this.#reader.pos;
    this.#reader.skip(length); // throws when there are fewer bytes
    const text = this.#bytes.toString('utf8', start, start + length);
    if (text.includes(REPLACEMENT) && !isUtf8(this.#bytes.subarray(start, start + length))) {
      throw new AgentError('a text is not valid UTF-8');
    }
    return text;
  }
}

/** Of a length-delimited field, as all of a name table are. */
function tagOf(fieldNumber: number): number {
  return fieldNumber * 8 + 2;
}
