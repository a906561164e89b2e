// The two messages of grpc.health.v1.Health/Check, and the frame a gRPC message travels in. By hand, because that is
// all that a probe needs of Protobuf, and grpc-js cannot bind a source address.

import { ProbeError } from './probe.ts';

const SERVING_STATUS = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** Names as in health.proto; a number it does not know is shown as such. */
export type ServingStatus = string;

/** Compressed flag and length. */
const FRAME_HEADER_BYTES = 5;

/** Longest message that is taken; gRPC's own default. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** The framed HealthCheckRequest: field 1 is the service. */
export function checkRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a), varint(name.length), name]);
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/**
 * The status in a framed HealthCheckResponse.
 *
 * @param body everything the server has sent
 * @throws ProbeError when it is anything but one message
 */
export function checkAnswer(body: Buffer): ServingStatus {
  if (body.length < FRAME_HEADER_BYTES) throw new ProbeError('the answer holds no message');
  const length = body.readUInt32BE(1);
  if (body[0] !== 0) throw new ProbeError('the answer is compressed, which was not asked for');
  if (body.length !== FRAME_HEADER_BYTES + length)
    throw new ProbeError('the answer is not one whole message');
  const status = statusIn(body.subarray(FRAME_HEADER_BYTES));
  return SERVING_STATUS[status] ?? String(status);
}

/** Field 1 is the status, an enum; the last one counts, other fields are passed over. */
function statusIn(message: Buffer): number {
  let status = 0;
  const reader = new FieldReader(message);
  while (!reader.isAtEnd) {
    const key = reader.varint();
    if (key === 0x08) status = reader.varint();
    else reader.skip(key & 7);
  }
  return status;
}

class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Exact below 2^53, which holds every length and every status there is. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw malformed();
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  skip(wireType: number): void {
    if (wireType === 0) return void this.varint();
    const size = wireType === 1 ? 8 : wireType === 5 ? 4 : wireType === 2 ? this.varint() : Infinity;
    this.#at += size;
    if (this.#at > this.#bytes.length) throw malformed();
  }
}

function malformed(): ProbeError {
  return new ProbeError('the answer is no HealthCheckResponse');
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.of(...bytes, rest);
}
