// What one client stream and the stream behind it have said to each other, and the round trip after which nothing is
// under way any more: it passes every queue there is, so what has not arrived by then never will.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Kind } from '../../../src/xds-proxy/envelopes.ts';
import type { EnvoyStream } from '../../e2e/support/xds/envoy-connection.ts';
import type { ServedStream } from '../../xds-proxy/control-plane.ts';
import { decodeRequest, requestBytes, responseBytes, type RequestParts } from '../../xds-proxy/messages.ts';

/** A type of Envoy's that no scenario speaks of. */
const MARKER_TYPE = 'type.googleapis.com/envoy.round.Trip';

/** For what is sure to come, on a machine with other work. */
export const PATIENCE_MS = 60_000;

/** Ends a wait for something that will not come with an error that says what it was. */
export async function within<T>(what: string, waited: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeout = sleep(PATIENCE_MS, undefined, { signal: late.signal }).then(() =>
    assert.fail(`no ${what}`),
  );
  timeout.catch(() => undefined); // aborted when the other was first
  try {
    return await Promise.race([waited, timeout]);
  } finally {
    late.abort();
  }
}

export class Exchange {
  readonly client: EnvoyStream;
  /** Requests the client has sent. */
  readonly sent: Buffer[] = [];
  /** Responses the server has sent. */
  readonly pushed: Buffer[] = [];
  /** Requests at the server, and responses at the client, as far as they were looked at. */
  readonly requests: Buffer[] = [];
  readonly responses: Buffer[] = [];
  readonly #next: () => Promise<ServedStream>;
  #served: Promise<ServedStream> | undefined;
  #trips = 0;

  /** @param next waits for the next stream at the control plane */
  constructor(client: EnvoyStream, next: () => Promise<ServedStream>) {
    this.client = client;
    this.#next = next;
  }

  /** Somebody has looked at the stream at the control plane; there is none behind a stream that fails. */
  get isServed(): boolean {
    return this.#served !== undefined;
  }

  get kind(): Kind {
    return this.client.kind;
  }

  /** The stream at the control plane. */
  served(): Promise<ServedStream> {
    return within('stream at the control plane', (this.#served ??= this.#next()));
  }

  request(typeUrl: string, parts: RequestParts = {}): void {
    const bytes = requestBytes(this.kind, typeUrl, parts);
    this.sent.push(bytes);
    this.client.send(bytes);
  }

  /** Resolves when HTTP/2 has taken the bytes. */
  async respond(bytes: Buffer): Promise<void> {
    const served = await this.served();
    this.pushed.push(bytes);
    await served.send(bytes);
  }

  /** Resolves when all that was sent before, on either side, has had its effect. */
  async settle(): Promise<void> {
    const nonce = `trip-${++this.#trips}`;
    const served = await this.served();
    void served.send(responseBytes(this.kind, MARKER_TYPE, { nonce, values: [] }));
    await this.#readUntil('response', async () => {
      const bytes = await this.client.responses.next();
      if (!this.#isMarker(bytes)) this.responses.push(bytes);
      return this.#isMarker(bytes);
    });
    this.client.send(requestBytes(this.kind, MARKER_TYPE, { responseNonce: nonce }));
    await this.#readUntil('request', async () => {
      const bytes = await served.requests.next();
      const isMarker = decodeRequest(this.kind, bytes).typeUrl === MARKER_TYPE;
      if (!isMarker) this.requests.push(bytes);
      return isMarker;
    });
  }

  /** What has arrived of a stream that has ended. */
  async collect(): Promise<void> {
    const served = await this.served();
    while (served.requests.size > 0) this.requests.push(await served.requests.next());
    while (this.client.responses.size > 0) this.responses.push(await this.client.responses.next());
  }

  async #readUntil(what: string, next: () => Promise<boolean>): Promise<void> {
    while (!(await within(what, next())));
  }

  #isMarker(bytes: Buffer): boolean {
    return bytes.length < 1000 && bytes.includes(MARKER_TYPE);
  }
}
