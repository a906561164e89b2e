// HTTP/2 over plain TCP with prior knowledge: one stream after another on one session, which is replaced when the
// server says GOAWAY or closes it.

import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';

import { NotServed, type Client } from './client.ts';

export class Http2Client implements Client {
  readonly #url: string;
  #session: ClientHttp2Session | undefined;
  #connections = 0;

  constructor(url: string) {
    this.#url = url;
  }

  get connections(): number {
    return this.#connections;
  }

  async request(): Promise<void> {
    const kept = this.#session;
    const session = kept ?? (await this.#open());
    await complete(session.request({ ':path': '/' }), () => kept !== undefined && session.closed);
  }

  close(): void {
    this.#session?.destroy();
  }

  async #open(): Promise<ClientHttp2Session> {
    this.#connections += 1;
    const session = connect(this.#url);
    const leave = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.once('goaway', leave);
    session.once('close', leave);
    await new Promise<void>((resolve, reject) => {
      session.once('connect', () => resolve());
      session.on('error', reject); // later ones end its streams, which report them
    });
    this.#session = session;
    return session;
  }
}

/** @param lost whether the session had served before and has been closed meanwhile */
function complete(stream: ClientHttp2Stream, lost: () => boolean): Promise<void> {
  let status: number | undefined;
  let failure: Error | undefined;
  let whole = false;
  stream.once('response', (headers) => {
    status = headers[':status'];
  });
  stream.on('error', (error) => {
    failure ??= error;
  });
  stream.once('end', () => {
    whole = status !== undefined;
  });
  stream.resume();
  stream.end();
  return new Promise((resolve, reject) => {
    stream.once('close', () => {
      // also what becomes of streams above the last id of a GOAWAY
      const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
      const why = failure?.message ?? `stream closed with code ${stream.rstCode}, status ${status}`;
      if (whole && status === 200 && failure === undefined) resolve();
      else reject(status === undefined && (refused || lost()) ? new NotServed(why) : new Error(why));
    });
  });
}
