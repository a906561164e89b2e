// What passes the whole proxy: the very bytes, in their order, whatever their size and however slow the reader.

import { deepEqual, equal } from 'node:assert/strict';

import * as fc from 'fast-check';

import { readResponse, type Kind } from '../../src/xds-proxy/envelopes.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE } from '../../src/xds/type-urls.ts';
import type { ServedStream } from './control-plane.ts';
import type { ClientStream } from './envoy-client.ts';
import { requestBytes, responseBytes } from './messages.ts';
import { openStream } from './open-stream.ts';
import { anyFields, fieldBytes } from './wire-messages.ts';

const MIB = 1024 * 1024;
const KINDS: readonly Kind[] = ['sotw', 'delta'];
const MESSAGES = 60;

const types = fc.constantFrom(CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE);

/** Messages of one direction, with fields around theirs that no release of the protocol knows. */
function messagesOf(made: (typeUrl: string, nonce: string) => Buffer): Buffer[] {
  const message = fc
    .tuple(types, fc.string(), anyFields(20), anyFields(20))
    .map(([typeUrl, nonce, before, after]) =>
      Buffer.concat([fieldBytes(before), made(typeUrl, nonce), fieldBytes(after)]),
    );
  return fc.sample(message, MESSAGES);
}

for (const kind of KINDS) {
  describe(`what passes the proxy, ${kind}`, () => {
    async function withStream(test: (client: ClientStream, served: ServedStream) => Promise<void>) {
      await using stream = await openStream({ kind });
      const { client, served } = stream;
      await test(client, served);
    }

    it('is byte for byte what was sent, in both directions, unknown fields included', () =>
      withStream(async (client, served) => {
        const requests = messagesOf((typeUrl, responseNonce) =>
          requestBytes(kind, typeUrl, { responseNonce }),
        );
        const responses = messagesOf((typeUrl, nonce) => responseBytes(kind, typeUrl, { nonce }));

        client.send(...requests);
        void responses.map((bytes) => served.send(bytes));

        deepEqual(await served.requests.take(MESSAGES), requests);
        deepEqual(await client.responses.take(MESSAGES), responses);
      }));

    it('keeps its order when small responses follow large ones', () =>
      withStream(async (client, served) => {
        const sizes = [5 * MIB, 10, MIB, 4 * MIB, 0, 4 * MIB - 100, 10];
        const responses = sizes.map((size, index) =>
          responseBytes(kind, CLUSTER_TYPE, { nonce: `${index}`, values: [Buffer.alloc(size, index)] }),
        );

        void responses.map((bytes) => served.send(bytes));

        const received = await client.responses.take(sizes.length);
        equal(Buffer.compare(Buffer.concat(received), Buffer.concat(responses)), 0);
      }));
  });
}

describe('what passes the proxy, large', () => {
  it('arrives whole and in order at an Envoy that began to read late: 20 responses of 2 MiB', async () => {
    await using stream = await openStream({ paused: true });
    const { client, served } = stream;
    const nonces = Array.from({ length: 20 }, (_, index) => `nonce ${index}`);
    const value = Buffer.alloc(2 * MIB, 7);
    const empty = responseBytes('sotw', CLUSTER_TYPE, { values: [value], nonce: '' });

    const sent = nonces.map((nonce) =>
      served.send(responseBytes('sotw', CLUSTER_TYPE, { values: [value], nonce })),
    );
    await sent[0];
    client.readOn();
    const received = await client.responses.take(nonces.length);
    await Promise.all(sent);

    const facts = received.map((bytes) => ({ ...readResponse('sotw', bytes), length: bytes.length }));
    deepEqual(
      facts.map(({ nonce, length }) => ({ nonce, length })),
      nonces.map((nonce) => ({ nonce, length: empty.length + 2 + nonce.length })),
    );
    equal(received[19]?.includes(value), true);
  }).timeout(60_000);
});
