import { deepEqual, equal, match } from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';

import { status as Status } from '@grpc/grpc-js';

import type { Kind } from '../../src/xds-proxy/envelopes.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  NAME_TABLE_TYPE,
  ROUTE_TYPE,
} from '../../src/xds/type-urls.ts';
import { startControlPlane } from './control-plane.ts';
import { ClientStream } from './envoy-client.ts';
import { decodeRequest, requestBytes, responseBytes } from './messages.ts';
import { openStream } from './open-stream.ts';
import { startProxy } from './started-proxy.ts';

/** What grpc-js takes ahead of a client that does not read. */
const CLIENT_BUFFER = 16;

const KINDS: readonly Kind[] = ['sotw', 'delta'];

for (const kind of KINDS) {
  describe(`Session, ${kind}`, () => {
    const types = (requests: readonly Buffer[]): string[] =>
      requests.map((bytes) => decodeRequest(kind, bytes).typeUrl);

    it('carries the very same bytes in both directions, over the method of the same kind', async () => {
      await using control = await startControlPlane();
      await using started = await startProxy(control.address);
      using client = new ClientStream(started.socketPath, { kind });
      const unknownField = Buffer.from([0x9a, 0x06, 0x02, 0xff, 0xfe]);
      const request = Buffer.concat([unknownField, requestBytes(kind, CLUSTER_TYPE)]);
      const response = Buffer.concat([responseBytes(kind, CLUSTER_TYPE), unknownField]);

      client.send(request);
      const served = await control.streams.next();
      const seen = await served.requests.next();
      await served.send(response);
      const received = await client.responses.next();

      equal(served.kind, kind);
      deepEqual(seen, request);
      deepEqual(received, response);
    });

    it('subscribes to the name table once, right after the first LDS request', async () => {
      await using control = await startControlPlane();
      await using started = await startProxy(control.address, { onNameTable: () => undefined });
      using client = new ClientStream(started.socketPath, { kind });

      client.send(
        requestBytes(kind, CLUSTER_TYPE),
        requestBytes(kind, LISTENER_TYPE),
        requestBytes(kind, ROUTE_TYPE),
        requestBytes(kind, LISTENER_TYPE, { responseNonce: 'n1' }),
        requestBytes(kind, 'istio.io/debug/syncz'),
      );
      const served = await control.streams.next();
      const seen = await served.requests.take(6);

      const order = [CLUSTER_TYPE, LISTENER_TYPE, NAME_TABLE_TYPE, ROUTE_TYPE, LISTENER_TYPE];
      deepEqual(types(seen), [...order, 'istio.io/debug/syncz']);
    });

    it('gives the first name table to its taker, accepts it, and keeps it from Envoy', async () => {
      const tables: string[] = [];
      const onNameTable = (bytes: Uint8Array): void => void tables.push(Buffer.from(bytes).toString());
      await using stream = await openStream({ kind }, { onNameTable });
      const { client, served } = stream;

      await served.send(responseBytes(kind, NAME_TABLE_TYPE, { nonce: 'empty', values: [] }));
      const values = [Buffer.from('table'), Buffer.from('second')];
      await served.send(responseBytes(kind, NAME_TABLE_TYPE, { version: 'v7', nonce: 'n7', values }));
      await served.send(responseBytes(kind, CLUSTER_TYPE));
      const ack = decodeRequest(kind, await served.requests.next());
      await client.responses.next();

      deepEqual(tables, ['table']);
      deepEqual([ack.typeUrl, ack.responseNonce, ack.errorDetail], [NAME_TABLE_TYPE, 'n7', null]);
      equal(ack.versionInfo, kind === 'sotw' ? 'v7' : undefined);
      equal(client.responses.size, 0);
    });

    it('refuses a name table with code 13 and the words of its taker', async () => {
      const onNameTable = (): never => {
        throw new Error('bad table');
      };
      await using stream = await openStream({ kind }, { onNameTable });
      const { served } = stream;

      await served.send(responseBytes(kind, NAME_TABLE_TYPE, { nonce: 'n8' }));
      const nack = decodeRequest(kind, await served.requests.next());

      equal(nack.responseNonce, 'n8');
      deepEqual(nack.errorDetail, { code: 13, message: 'bad table' });
    });

    it('drops what Envoy cannot understand, without an answer', async () => {
      await using stream = await openStream({ kind });
      const { started, client, served } = stream;

      await served.send(responseBytes(kind, NAME_TABLE_TYPE));
      const clusters = responseBytes(kind, CLUSTER_TYPE);
      await served.send(clusters);

      deepEqual(await client.responses.next(), clusters);
      equal(served.requests.size, 0);
      match(started.log.messages('error')[0] ?? '', /^Skipping forwarding type url .*NameTable to Envoy/);
    });

    it('passes a refusal of Envoy on and remembers its words', async () => {
      await using stream = await openStream({ kind });
      const { started, client, served } = stream;
      await served.send(responseBytes(kind, CLUSTER_TYPE, { version: 'v2', nonce: 'n2' }));
      await client.responses.next();

      const errorDetail = { code: 13, message: 'unknown cluster type' };
      const nack = requestBytes(kind, CLUSTER_TYPE, { responseNonce: 'n2', errorDetail });
      client.send(nack);
      const seen = await served.requests.next();

      deepEqual(seen, nack);
      const known = started.proxy.snapshot().generations[0]?.perType[CLUSTER_TYPE];
      deepEqual([known?.lastNonce, known?.acked, known?.nackMessage], ['n2', false, 'unknown cluster type']);
      deepEqual(
        started.counted.filter((name) => /accepted|refused/.test(name)),
        ['refused:CDS:client'],
      );
      deepEqual(started.log.messages('warn'), ['Envoy refused CDS: unknown cluster type']);
    });

    it('reads no second response before Envoy has taken the first', async () => {
      const pushes = 24;
      await using stream = await openStream({ kind, paused: true });
      const { started, client, served } = stream;
      const body = Buffer.alloc(512 * 1024, 1);

      let taken = 0;
      const sending = (async () => {
        for (let n = 0; n < pushes; n++) {
          await served.send(responseBytes(kind, CLUSTER_TYPE, { nonce: `n${n}`, values: [body] }));
          taken++;
        }
      })();
      const stalledAt = await settled(() => taken);
      const receivedByAgent = started.counted.filter((name) => name === 'response').length;
      client.readOn();
      const received = await client.responses.take(pushes);
      await sending;

      const heldByAgent = receivedByAgent - CLIENT_BUFFER;
      equal(heldByAgent <= 1, true, `the agent has taken ${heldByAgent} responses Envoy has not`);
      equal(stalledAt - receivedByAgent <= 2, true, `${stalledAt} sent, ${receivedByAgent} taken`);
      deepEqual(
        received.map((bytes) => bytes.length),
        received.map((_, n) => responseBytes(kind, CLUSTER_TYPE, { nonce: `n${n}`, values: [body] }).length),
      );
    });

    it('goes on reading requests while neither side takes what it is sent', async () => {
      await using stream = await openStream({ kind, paused: true });
      const { client, served } = stream;
      served.stopReading();

      const nonces = Array.from({ length: 1000 }, (_, n) => `n${n}`);
      client.send(...nonces.map((responseNonce) => requestBytes(kind, ENDPOINT_TYPE, { responseNonce })));
      await served.send(responseBytes(kind, CLUSTER_TYPE, { values: [Buffer.alloc(1024 * 1024)] }));
      client.readOn();
      await client.responses.next();
      served.readOn();
      const seen = await served.requests.take(1000);

      deepEqual(
        seen.map((bytes) => decodeRequest(kind, bytes).responseNonce),
        nonces,
      );
    });

    it("hands the control plane's status on unchanged", async () => {
      await using stream = await openStream({ kind });
      const { started, client, served } = stream;

      served.end({ code: Status.UNAUTHENTICATED, details: 'authentication failure' });
      const { code, details } = await client.status;

      deepEqual([code, details], [Status.UNAUTHENTICATED, 'authentication failure']);
      equal(started.counted.includes('upstreamEnded:error'), true);
    });

    it('delivers the last response before an orderly end, and ends with OK', async () => {
      await using stream = await openStream({ kind });
      const { started, client, served } = stream;
      const last = responseBytes(kind, CLUSTER_TYPE);

      await served.send(last);
      served.end();
      const { code } = await client.status;

      equal(code, Status.OK);
      deepEqual(await client.responses.next(), last);
      equal(started.counted.includes('upstreamEnded:cancelled'), true);
    });

    it('tells Envoy when the control plane dies, and serves it again when it is back', async () => {
      const control = await startControlPlane();
      await using started = await startProxy(control.address);
      using client = new ClientStream(started.socketPath, { kind });
      client.send(requestBytes(kind, CLUSTER_TYPE));
      await control.streams.next();

      await control.destroy();
      const { code } = await client.status;
      await using back = await startControlPlane(Number(control.address.split(':')[1]));
      using again = new ClientStream(started.socketPath, { kind });
      again.send(requestBytes(kind, CLUSTER_TYPE));
      const served = await back.streams.next();

      equal(code, Status.UNAVAILABLE);
      deepEqual(types([await served.requests.next()]), [CLUSTER_TYPE]);
    });

    it("passes Envoy's half-close on and ends its stream with OK", async () => {
      await using stream = await openStream({ kind });
      const { started, client, served } = stream;

      client.halfClose();
      const { code } = await client.status;
      await served.halfClosed;
      await started.clock.tick(1000); // the control plane does not end the stream itself
      await served.cancelled;

      equal(code, Status.OK);
      equal(started.proxy.snapshot().generations[0]?.connected, false);
    });

    it('closes the stream to the control plane when Envoy is cut off', async () => {
      await using stream = await openStream({ kind });
      const { started, client, served } = stream;

      client.cut();
      await served.cancelled;

      equal(started.proxy.snapshot().generations[0]?.connected, false);
      equal(started.counted.includes('downstreamEnded:cancelled'), true);
    });

    it('ends both streams with INTERNAL when either side sends what is no message', async () => {
      await using control = await startControlPlane();
      await using started = await startProxy(control.address);
      using badClient = new ClientStream(started.socketPath, { kind, generation: '1' });
      using client = new ClientStream(started.socketPath, { kind, generation: '2' });

      badClient.send(requestBytes(kind, CLUSTER_TYPE));
      const first = await control.streams.next();
      await first.requests.next();
      badClient.send(Buffer.from('227f616263', 'hex'));
      const ofClient = await badClient.status;
      await first.cancelled;
      client.send(requestBytes(kind, CLUSTER_TYPE));
      const second = await control.streams.next();
      await second.requests.next();
      await second.send(Buffer.from('22ff', 'hex'));
      const ofServer = await client.status;
      await second.cancelled;

      deepEqual([ofClient.code, ofServer.code], [Status.INTERNAL, Status.INTERNAL]);
      match(ofClient.details, /^malformed message: /);
      deepEqual(
        started.counted.filter((name) => name.endsWith(':error')),
        ['downstreamEnded:error', 'upstreamEnded:error'],
      );
    });
  });
}

/** The value once it has stopped changing. */
async function settled(read: () => number): Promise<number> {
  let last = -1;
  for (let same = 0; same < 500; same++) {
    await turn();
    if (read() !== last) same = 0;
    last = read();
  }
  return last;
}
