// Puts the frames of responses together while they arrive. The receiver of grpc-js keeps the pieces of a message and
// copies them all at its end, which for a large one holds the event loop and needs the memory twice.

/** One byte for compression and four for the length of the message. */
export const HEADER_BYTES = 5;

/** The part of a call in which grpc-js finds messages in the bytes of HTTP/2. Not in its interface. */
interface Decoder {
  readonly readState: number;
  write: (data: Buffer) => readonly Buffer[];
}

/** `readState` before the first byte. */
const NO_DATA = 0;
/** Under these names each layer of a call keeps the one below it; one that may try again keeps a list, of one here. */
const LAYERS = ['call', 'child', 'underlyingCalls', '0'];
const MAX_LAYERS = 8;

/**
 * For a call whose messages have no limit in size; to be called with its first sign of life, before any data. A release
 * of grpc-js that is built in another way puts messages together itself, as it does without this file.
 */
export function assemblingFrames(call: object): void {
  const decoder = decoderOf(call);
  if (decoder?.readState !== NO_DATA) return;
  const frames = new FrameAssembly();
  decoder.write = (data) => frames.write(data);
}

function decoderOf(call: object): Decoder | undefined {
  let layer: object | undefined = call;
  for (let depth = 0; depth < MAX_LAYERS && layer !== undefined; depth++) {
    const members = layer as Readonly<Record<string, object | undefined>>;
    const decoder = members['decoder'] as Decoder | undefined;
    if (typeof decoder?.write === 'function') return decoder;
    layer = LAYERS.map((name) => members[name]).find((below) => typeof below === 'object');
  }
  return undefined;
}

/** Each frame gets memory of its own as soon as its length is known. */
export class FrameAssembly {
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #frame = this.#header;
  #filled = 0;

  /** @returns the frames that these bytes complete: header and message */
  write(data: Buffer): Buffer[] {
    const complete: Buffer[] = [];
    for (let at = 0; at < data.length;) {
      const copied = data.copy(this.#frame, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled < this.#frame.length) break;
      if (this.#frame === this.#header) this.#begin();
      if (this.#filled === this.#frame.length) complete.push(this.#take());
    }
    return complete;
  }

  #begin(): void {
    const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + this.#header.readUInt32BE(1));
    this.#header.copy(frame);
    this.#frame = frame;
  }

  #take(): Buffer {
    const frame = this.#frame;
    this.#frame = this.#header;
    this.#filled = 0;
    return frame;
  }
}
