// gRPC's framing of a single message without compression.

const HEADER_BYTES = 5;

export function framed(message: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** The first message of a body; undefined when there is none. */
export function unframed(body: Buffer): Buffer | undefined {
  if (body.length < HEADER_BYTES) return undefined;
  return body.subarray(HEADER_BYTES, HEADER_BYTES + body.readUInt32BE(1));
}
