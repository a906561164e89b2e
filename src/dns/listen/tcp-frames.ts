// DNS messages on a TCP connection: each after its length in two bytes. RFC 1035 section 4.2.2.

import type { Readable } from 'node:stream';

const LENGTH_BYTES = 2;

/** The message with its length in front. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Every whole message; what is left at the end is dropped. Rejects as the stream fails. */
export async function* framedMessages(stream: Readable): AsyncGenerator<Buffer, void> {
  const chunks: Buffer[] = [];
  let missing = LENGTH_BYTES;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    missing -= chunk.length;
    if (missing > 0) continue; // put together once, however small the pieces are
    let held = Buffer.concat(chunks.splice(0));
    for (; held.length >= frameBytes(held); held = held.subarray(frameBytes(held))) {
      yield held.subarray(LENGTH_BYTES, frameBytes(held));
    }
    chunks.push(held);
    missing = frameBytes(held) - held.length;
  }
}

/** Of the first frame, or what its length takes when that is not there yet. */
function frameBytes(held: Buffer): number {
  return held.length < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + held.readUInt16BE(0);
}
