// DNS messages on a TCP connection: each after its length in two bytes. RFC 1035 section 4.2.2.

import type { Readable } from 'node:stream';

/** The message with its length in front. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** Every whole message; what is left at the end is dropped. Rejects as the stream fails. */
export async function* framedMessages(stream: Readable): AsyncGenerator<Buffer, void> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    held = Buffer.concat([held, chunk]);
    for (let end = frameEnd(held); end !== undefined; end = frameEnd(held)) {
      yield held.subarray(2, end);
      held = held.subarray(end);
    }
  }
}

function frameEnd(held: Buffer): number | undefined {
  if (held.length < 2) return undefined;
  const end = 2 + held.readUInt16BE(0);
  return held.length < end ? undefined : end;
}
