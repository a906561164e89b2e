// What the agent asks of the control plane for itself, on the streams of Envoy.

import { deepEqual, equal, rejects } from 'node:assert/strict';

import type { Kind } from '../../src/xds-proxy/envelopes.ts';
import { CLUSTER_TYPE, LISTENER_TYPE, NAME_TABLE_TYPE, PROXY_CONFIG_TYPE } from '../../src/xds/type-urls.ts';
import { startControlPlane, type ServedStream } from './control-plane.ts';
import { ClientStream } from './envoy-client.ts';
import { decodeRequest, messages, requestBytes, responseBytes } from './messages.ts';
import { startProxy } from './started-proxy.ts';

const SYNCZ = 'istio.io/debug/syncz';
const NEVER = new AbortController().signal;
const KINDS: readonly Kind[] = ['sotw', 'delta'];

function question(names: readonly string[] = []) {
  return { typeUrl: SYNCZ, names, generation: undefined };
}

function namesAsked(kind: Kind, bytes: Buffer): readonly string[] {
  if (kind === 'sotw') return messages.discoveryRequest.decode(bytes).resourceNames;
  return messages.deltaDiscoveryRequest.decode(bytes).resourceNamesSubscribe;
}

for (const kind of KINDS) {
  describe(`requests of the agent, ${kind}`, () => {
    /** A stream that the control plane knows. */
    async function introduced(
      control: Awaited<ReturnType<typeof startControlPlane>>,
      client: ClientStream,
    ): Promise<ServedStream> {
      client.send(requestBytes(kind, CLUSTER_TYPE));
      const served = await control.streams.next();
      await served.requests.next();
      return served;
    }

    it('ask for ProxyConfig after the name table, give its first resource on, and answer for it', async () => {
      const taken: string[] = [];
      await using control = await startControlPlane();
      await using started = await startProxy(control.address, {
        onNameTable: () => undefined,
        onProxyConfig: (bytes) => void taken.push(Buffer.from(bytes).toString()),
      });
      using client = new ClientStream(started.socketPath, { kind });

      client.send(requestBytes(kind, LISTENER_TYPE));
      const served = await control.streams.next();
      const seen = (await served.requests.take(3)).map((bytes) => decodeRequest(kind, bytes).typeUrl);
      await served.send(
        responseBytes(kind, PROXY_CONFIG_TYPE, { nonce: 'p1', values: [Buffer.from('roots')] }),
      );
      const answer = decodeRequest(kind, await served.requests.next());

      deepEqual(seen, [LISTENER_TYPE, NAME_TABLE_TYPE, PROXY_CONFIG_TYPE]);
      deepEqual(taken, ['roots']);
      deepEqual([answer.typeUrl, answer.responseNonce, answer.errorDetail], [PROXY_CONFIG_TYPE, 'p1', null]);
    });

    it('refuse a ProxyConfig in the words of its taker', async () => {
      await using control = await startControlPlane();
      await using started = await startProxy(control.address, {
        onProxyConfig: () => Promise.reject(new Error('no certificate')),
      });
      using client = new ClientStream(started.socketPath, { kind });
      const served = await introduced(control, client);

      await served.send(responseBytes(kind, PROXY_CONFIG_TYPE, { nonce: 'p1' }));
      const { errorDetail } = decodeRequest(kind, await served.requests.next());

      deepEqual({ ...errorDetail }, { code: 13, message: 'no certificate' });
    });

    it('ask about the control plane, and keep the answers from Envoy', async () => {
      await using control = await startControlPlane();
      await using started = await startProxy(control.address);
      using client = new ClientStream(started.socketPath, { kind });
      const served = await introduced(control, client);
      const [one, other] = ['one', 'other'].map((text) =>
        responseBytes(kind, SYNCZ, { values: [Buffer.from(text)] }),
      ) as [Buffer, Buffer];

      const asked = [started.proxy.ask(question(['web-1']), NEVER), started.proxy.ask(question(), NEVER)];
      const requests = await served.requests.take(2);
      await served.send(one);
      await served.send(other);
      await served.send(responseBytes(kind, CLUSTER_TYPE));
      const forwarded = await client.responses.next();

      deepEqual(
        requests.map((bytes) => [decodeRequest(kind, bytes).typeUrl, namesAsked(kind, bytes)]),
        [
          [SYNCZ, ['web-1']],
          [SYNCZ, []],
        ],
      );
      deepEqual(await Promise.all(asked), [
        { kind, bytes: one },
        { kind, bytes: other },
      ]);
      deepEqual(forwarded, responseBytes(kind, CLUSTER_TYPE));
      deepEqual(started.log.messages('error'), []);
    });

    it("drop an answer to Envoy's own question, and one that comes too late", async () => {
      await using control = await startControlPlane();
      await using started = await startProxy(control.address);
      using client = new ClientStream(started.socketPath, { kind });
      const served = await introduced(control, client);
      const leaving = new AbortController();
      const [toEnvoy, late, toUs] = ['to Envoy', 'late', 'to us'].map((text) =>
        responseBytes(kind, SYNCZ, { values: [Buffer.from(text)] }),
      ) as [Buffer, Buffer, Buffer];

      client.send(requestBytes(kind, SYNCZ));
      await served.requests.next();
      const given = started.proxy.ask(question(), leaving.signal);
      const kept = started.proxy.ask(question(), NEVER);
      await served.requests.take(2);
      leaving.abort(new Error('too late'));
      await rejects(given, { message: 'too late' });
      for (const bytes of [toEnvoy, late, toUs]) await served.send(bytes);
      await served.send(responseBytes(kind, CLUSTER_TYPE));

      deepEqual(await client.responses.next(), responseBytes(kind, CLUSTER_TYPE));
      deepEqual(await kept, { kind, bytes: toUs });
      deepEqual(started.log.messages('error'), [
        `Skipping forwarding type url ${SYNCZ} to Envoy as is not a valid Envoy type`,
      ]);
    });

    it('end with the stream on which they were asked', async () => {
      await using control = await startControlPlane();
      await using started = await startProxy(control.address);
      using client = new ClientStream(started.socketPath, { kind });
      const served = await introduced(control, client);

      const asked = started.proxy.ask(question(), NEVER);
      await served.requests.next();
      served.end({ code: 14, details: 'gone' });

      await rejects(asked, { message: '14 UNAVAILABLE: gone' });
    });

    it('wait for nobody: without a stream, or before Envoy has said who it is, nothing is asked', async () => {
      const notConnected = { message: 'proxy not connected to Istiod' };
      await using control = await startControlPlane();
      await using started = await startProxy(control.address);
      await rejects(started.proxy.ask(question(), NEVER), notConnected);
      using _client = new ClientStream(started.socketPath, { kind });
      const served = await control.streams.next();
      while (started.proxy.snapshot().generations[0]?.connected !== true) await new Promise(setImmediate);

      await rejects(started.proxy.ask(question(), NEVER), notConnected);
      equal(served.requests.size, 0);
    });

    it('use the stream of the generation that is meant, or else of the newest', async () => {
      await using control = await startControlPlane();
      await using started = await startProxy(control.address);
      using first = new ClientStream(started.socketPath, { kind });
      const ofFirst = await introduced(control, first);
      using second = new ClientStream(started.socketPath, { kind, generation: '1' });
      const ofSecond = await introduced(control, second);
      const leaving = new AbortController();

      const generations = [0, 1, 7, undefined];
      const asked = generations.map((generation) =>
        started.proxy.ask({ ...question([`${generation}`]), generation }, leaving.signal),
      );
      const seenByFirst = await ofFirst.requests.take(1);
      const seenBySecond = await ofSecond.requests.take(3);
      leaving.abort();
      await Promise.allSettled(asked);

      deepEqual(
        seenByFirst.map((bytes) => namesAsked(kind, bytes)),
        [['0']],
      );
      deepEqual(
        seenBySecond.map((bytes) => namesAsked(kind, bytes)),
        [['1'], ['7'], ['undefined']],
      );
    });
  });
}
