// Lets a response go on in the memory it came in. Its frame was put together in one piece (frame-assembly.ts), of which
// the receiver of grpc-js hands out what follows the header; its sender would make the same frame anew, with a copy of
// the whole message.

import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

import { HEADER_BYTES } from './frame-assembly.ts';

/** Not in the interface of grpc-js: a release that frames in another way copies, as it does without this file. */
interface Framing {
  serializeMessage?: (message: Buffer) => Buffer;
}

/**
 * For calls whose messages are bytes.
 *
 * @param call the one that grpc-js gives to the first interceptor
 * @returns the same call
 */
export function reusingFrames<Call extends ServerInterceptingCallInterface>(call: Call): Call {
  const framing: Call & Framing = call;
  const copied = framing.serializeMessage?.bind(call);
  if (copied !== undefined) {
    framing.serializeMessage = (message) => frameAround(message) ?? copied(message);
  }
  return call;
}

/** Undefined unless the memory holds the header the message needs, the message and nothing else: small ones share it. */
function frameAround({ buffer, byteOffset, length }: Buffer): Buffer | undefined {
  if (byteOffset !== HEADER_BYTES || buffer.byteLength !== HEADER_BYTES + length) return undefined;
  const frame = Buffer.from(buffer);
  return frame[0] === 0 && frame.readUInt32BE(1) === length ? frame : undefined;
}
