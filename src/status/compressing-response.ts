// A response that compresses itself: whoever writes it names status and headers, writes and ends as ever. The head waits
// for the first 1024 bytes or the end, because only then it is known whether the body is worth it; what follows is
// compressed while it streams, as fast as the client reads.

import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import type { Transform } from 'node:stream';

import { ServerResponse } from '../runtime/http.ts';
import {
  acceptedCoding,
  compressor,
  isCompressedType,
  MIN_COMPRESSED_BYTES,
  type ContentCoding,
} from './compression.ts';

type Chunk = string | Uint8Array;
type Done = (error?: Error | null) => void;

export class CompressingResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** Makes what compresses. */
  makeEncoder: (coding: ContentCoding) => Transform = compressor;
  /** Names as they are usually spelled; what was set by itself is not in it. */
  #head: OutgoingHttpHeaders = {};
  /** Written, and kept back until it is decided how it goes out. */
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #isDecided = false;
  #encoder: Transform | undefined;

  /** A head before this one is void, and its body. Once it is decided how the body goes out, Node itself asks for it. */
  override writeHead(status: number, ...rest: readonly unknown[]): this {
    if (this.#isDecided) return super.writeHead(status, this.#head);
    this.#held.length = this.#heldBytes = 0;
    this.statusCode = status;
    this.#head = (rest.at(-1) ?? {}) as OutgoingHttpHeaders;
    return this;
  }

  override write(chunk: Chunk, encoding?: BufferEncoding | Done, done?: Done): boolean {
    const bytes = bytesOf(chunk, encoding);
    const written = typeof encoding === 'function' ? encoding : done;
    if (this.#isDecided) return this.#send(bytes, written);
    this.#hold(bytes);
    if (this.#isWorthIt()) return this.#send(this.#decide(), written);
    if (written !== undefined) queueMicrotask(written);
    return true;
  }

  override end(chunk?: Chunk | Done, encoding?: BufferEncoding | Done, done?: Done): this {
    const ended = [chunk, encoding, done].find((argument) => typeof argument === 'function');
    if (ended !== undefined) this.once('finish', ended);
    const bytes = typeof chunk === 'function' || chunk === undefined ? undefined : bytesOf(chunk, encoding);
    if (this.#isDecided) return this.#finish(bytes);
    if (bytes !== undefined) this.#hold(bytes);
    const whole = this.#decide();
    const isText =
      typeof chunk === 'string' && typeof encoding !== 'string' && whole.length === bytes?.length;
    return this.#finish(isText ? chunk : whole);
  }

  /** Room in the socket is room for the encoder, and not yet for the writer. */
  override emit(event: string, ...details: readonly unknown[]): boolean {
    if (event !== 'drain' || this.#encoder === undefined) return super.emit(event, ...details);
    this.#encoder.resume();
    return !this.#encoder.writableNeedDrain && super.emit('drain');
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #isWorthIt(): boolean {
    return Number(this.#headerOf('Content-Length') ?? this.#heldBytes) >= MIN_COMPRESSED_BYTES;
  }

  /** The coding for a body of this kind, and this client. */
  #coding(): ContentCoding | undefined {
    const type = this.#headerOf('Content-Type');
    const isCoded =
      this.#headerOf('Content-Encoding') !== undefined ||
      (typeof type === 'string' && isCompressedType(type));
    return isCoded ? undefined : acceptedCoding(this.req.headers['accept-encoding']);
  }

  #headerOf(name: string): OutgoingHttpHeader | undefined {
    return this.#head[name] ?? this.getHeader(name);
  }

  /** @returns what was held back */
  #decide(): Buffer {
    this.#isDecided = true;
    const coding = this.#isWorthIt() ? this.#coding() : undefined;
    this.#head = { ...this.#head, Vary: 'Accept-Encoding' };
    if (coding !== undefined) {
      delete this.#head['Content-Length'];
      this.removeHeader('Content-Length');
      this.#head['Content-Encoding'] = coding;
      if (this.req.method !== 'HEAD') this.#encoder = this.#startEncoder(coding);
    }
    return Buffer.concat(this.#held.splice(0));
  }

  #startEncoder(coding: ContentCoding): Transform {
    const encoder = this.makeEncoder(coding);
    encoder.on('data', (coded: Buffer) => {
      if (!super.write(coded)) encoder.pause();
    });
    encoder.once('end', () => super.end());
    encoder.on('drain', () => super.emit('drain'));
    encoder.once('error', (error) => this.destroy(error));
    this.once('close', () => encoder.destroy()); // its memory is not given back when it is only forgotten
    return encoder;
  }

  #send(bytes: Uint8Array, written?: Done): boolean {
    return this.#encoder === undefined ? super.write(bytes, written) : this.#encoder.write(bytes, written);
  }

  /** A text goes out in one piece with the head, bytes do not; nor do none, unless they are left out. */
  #finish(rest?: Chunk): this {
    const isEmpty = rest === undefined || rest.length === 0;
    if (this.#encoder === undefined) return isEmpty ? super.end() : super.end(rest);
    if (isEmpty) this.#encoder.end();
    else this.#encoder.end(rest);
    return this;
  }
}

function bytesOf(chunk: Chunk, encoding: BufferEncoding | Done | undefined): Uint8Array {
  if (typeof chunk !== 'string') return chunk;
  return Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8');
}
