import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { access, mkdir, stat } from 'node:fs/promises';
import { connect as connectHttp2, type Settings } from 'node:http2';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { status as Status } from '@grpc/grpc-js';

import { CLUSTER_TYPE, LISTENER_TYPE } from '../../src/xds/type-urls.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startControlPlane, type ControlPlane, type ServedStream } from './control-plane.ts';
import { ClientStream, type ClientStreamSettings } from './envoy-client.ts';
import { requestBytes, responseBytes } from './messages.ts';
import { SETTINGS, startProxy, type StartedProxy } from './started-proxy.ts';

const OVERLAP = 'registered overlapping stream; closing previous';

/** A frame of HTTP/2. */
const EMPTY_SETTINGS = '\0\0\0\x04\0\0\0\0\0';

describe('XdsProxy', () => {
  let control: ControlPlane;
  let started: StartedProxy;
  let clients: ClientStream[];
  beforeEach(async () => {
    control = await startControlPlane();
    started = await startProxy(control.address);
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) client.cut();
    await started[Symbol.asyncDispose]();
    await control.destroy();
  });

  /** A stream of Envoy that has sent CDS, and the stream it got at the control plane. */
  async function served(settings: ClientStreamSettings = {}): Promise<[ClientStream, ServedStream]> {
    const client = new ClientStream(started.socketPath, settings);
    clients.push(client);
    client.send(requestBytes(settings.kind ?? 'sotw', CLUSTER_TYPE));
    const stream = await control.streams.next();
    await stream.requests.next();
    return [client, stream];
  }

  const connected = (): [number, boolean][] =>
    started.proxy.snapshot().generations.map((it) => [it.generation, it.connected]);

  it('opens its socket to every user, without needing the control plane', async () => {
    const { mode } = await stat(started.socketPath);

    equal(mode & 0o777, 0o666);
    equal(control.streams.size, 0);
    deepEqual(started.proxy.snapshot(), { generations: [] });
  });

  it('does not start when its socket cannot be made', async () => {
    await using directory = await temporaryDirectory();
    const socketPath = `${directory.path}/XDS`;
    await mkdir(socketPath);

    await rejects(startProxy(control.address, { settings: { ...SETTINGS, socketPath } }), {
      message: /^failed to start xds proxy: failed to remove unix:/,
    });
  });

  it('tells Envoy how many streams a connection may have', async () => {
    const session = connectHttp2('http://envoy', { createConnection: () => connect(started.socketPath) });

    const [{ maxConcurrentStreams }] = (await once(session, 'remoteSettings')) as [Settings];

    equal(maxConcurrentStreams, 100);
    session.close();
    await once(session, 'close');
  });

  it('cuts an Envoy off that no longer answers pings', async () => {
    await using directory = await temporaryDirectory();
    const socketPath = `${directory.path}/XDS`;
    const settings = { ...SETTINGS, socketPath, keepaliveIntervalMs: 10, keepaliveTimeoutMs: 10 };
    await using _impatient = await startProxy(control.address, { settings });
    const mute = connect(socketPath).resume();

    mute.write(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${EMPTY_SETTINGS}`);

    await once(mute, 'close');
  });

  it('U21 replaces an older stream of the same generation, which ends with OK', async () => {
    const [first, firstServed] = await served();

    const [second, secondServed] = await served({ kind: 'delta' });
    const { code } = await first.status;
    await firstServed.cancelled;
    await secondServed.send(responseBytes('delta', CLUSTER_TYPE));
    await second.responses.next();

    equal(code, Status.OK);
    deepEqual(started.log.messages('warn'), [OVERLAP]);
    deepEqual(connected(), [[0, true]]);
  });

  it('does not let the late end of a replaced stream unregister its successor', async () => {
    const [first] = await served();
    const [second, secondServed] = await served();
    await first.status;

    first.cut();
    await secondServed.send(responseBytes('sotw', CLUSTER_TYPE));
    await second.responses.next();

    deepEqual(connected(), [[0, true]]);
  });

  it('U21 serves streams of different generations side by side, without telling the control plane', async () => {
    const [old, oldServed] = await served();
    const [young, youngServed] = await served({ generation: '1' });
    const both = connected();

    const [, replacement] = await served({ generation: '1' });
    const { code } = await young.status;
    await youngServed.cancelled;
    await oldServed.send(responseBytes('sotw', CLUSTER_TYPE));
    await old.responses.next();
    old.cut();
    await oldServed.cancelled;

    deepEqual(both, [
      [0, true],
      [1, true],
    ]);
    equal(code, Status.OK);
    deepEqual(
      [oldServed, youngServed, replacement].flatMap(({ metadata }) => metadata.get('x-agent-generation')),
      [],
    );
    ok(new Set([oldServed, youngServed, replacement].map(({ peer }) => peer)).size === 3);
    deepEqual(connected(), [
      [0, false],
      [1, true],
    ]);
  });

  it('forgets generations that are over once more than three are known', async () => {
    for (const generation of ['0', '1', '2', '3']) {
      const [client, stream] = await served({ generation });
      if (generation === '3') break;
      client.cut();
      await stream.cancelled;
    }

    deepEqual(
      connected().map(([generation]) => generation),
      [1, 2, 3],
    );
  });

  it('refuses a generation that is no number', async () => {
    const client = new ClientStream(started.socketPath, { generation: 'two' });
    clients.push(client);

    const { code, details } = await client.status;

    deepEqual([code, details], [Status.INVALID_ARGUMENT, 'x-agent-generation is not a number']);
  });

  it('tells what each generation has been sent and has accepted', async () => {
    const [client, stream] = await served({ generation: '2' });

    await stream.send(responseBytes('sotw', CLUSTER_TYPE, { version: 'v5', nonce: 'n5' }));
    await client.responses.next();
    client.send(requestBytes('sotw', CLUSTER_TYPE, { versionInfo: 'v5', responseNonce: 'n5' }));
    client.send(requestBytes('sotw', LISTENER_TYPE));
    await stream.requests.take(2);

    const sent = responseBytes('sotw', CLUSTER_TYPE, { version: 'v5', nonce: 'n5' });
    const now = new Date(started.clock.now());
    const answered = { sizeBytes: sent.length, receivedAt: now, answeredAfterMs: 0 };
    deepEqual(started.proxy.snapshot().generations, [
      {
        generation: 2,
        connected: true,
        perType: {
          [CLUSTER_TYPE]: { requested: true, lastVersion: 'v5', lastNonce: 'n5', acked: true, ...answered },
          [LISTENER_TYPE]: { requested: true, lastVersion: '', lastNonce: '', acked: false },
        },
        stream: {
          id: 1,
          kind: 'sotw',
          openedAt: now,
          connectedAt: now,
          upstreamAddress: control.address,
          queuedRequests: 0,
          queuedBytes: 0,
        },
      },
    ]);
  });

  it('ends a stream whose request is larger than allowed with RESOURCE_EXHAUSTED', async () => {
    const [client, stream] = await served();

    client.send(Buffer.alloc(4_194_305));
    const { code } = await client.status;
    await stream.cancelled;

    equal(code, Status.RESOURCE_EXHAUSTED);
    match(
      started.log.messages('warn')[0] ?? '',
      /^downstream terminated with unexpected error 8 RESOURCE_EXHAUSTED: .*larger than max \(4194305 vs\.? 4194304\); ISTIO_GPRC_MAXRECVMSGSIZE is the limit/,
    );
    equal(started.counted.includes('downstreamEnded:error'), true);
  });

  it('warns once per change of cause while the control plane is unreachable, and again after it was back', async () => {
    const port = Number(control.address.split(':')[1]);
    await using impatient = await startProxy(control.address, { random: () => 0 });
    const open = (): ClientStream => {
      const client = new ClientStream(impatient.socketPath);
      clients.push(client);
      return client;
    };
    await control.destroy();

    for (let attempt = 0; attempt < 3; attempt++) await open().status;
    const warnings = impatient.log.messages('warn').length;
    const { lastUpstreamError } = impatient.proxy.snapshot();
    control = await startControlPlane(port);
    const client = open();
    const stream = await control.streams.next();
    await stream.send(responseBytes('sotw', CLUSTER_TYPE));
    await client.responses.next();
    await control.destroy();
    await client.status;
    await open().status;

    equal(warnings, 1);
    match(lastUpstreamError?.text ?? '', /^14 UNAVAILABLE: .*ECONNREFUSED/);
    ok(lastUpstreamError?.at instanceof Date);
    equal(impatient.log.messages('warn').length, 2);
  });

  it('reconnects at once the first time, then after a random wait while streams end young', async () => {
    const endedAtOnce = async (): Promise<void> => {
      const client = new ClientStream(started.socketPath);
      clients.push(client);
      const stream = await control.streams.next();
      stream.end();
      await client.status;
    };
    await endedAtOnce();
    await endedAtOnce();

    const opening = served();
    while (started.clock.sleepers === 0) await turn();
    await started.clock.tick(4999);
    const early = control.streams.size;
    await started.clock.tick(1);
    const [client, stream] = await opening;
    await started.clock.tick(5000);
    stream.end();
    await client.status;
    await served(); // the stream had lived 5 s: a wait would hang on the fake clock

    equal(early, 0);
  });

  it('ends a stream on which nothing has come for as long as the settings allow', async () => {
    await using directory = await temporaryDirectory();
    const socketPath = `${directory.path}/XDS`;
    const settings = { ...SETTINGS, socketPath, maxSilenceMs: 60_000 };
    await using impatient = await startProxy(control.address, { settings });
    const client = new ClientStream(socketPath);
    clients.push(client);
    client.send(requestBytes('sotw', CLUSTER_TYPE));
    const stream = await control.streams.next();
    await stream.requests.next();

    await impatient.clock.tick(60_000);
    const { code } = await client.status;

    equal(code, Status.UNAVAILABLE);
  });

  it('ends a stream that waits for a silent control plane as soon as its successor comes', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.resume()));
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    await using stuck = await startProxy(`127.0.0.1:${(silent.address() as AddressInfo).port}`);
    const first = new ClientStream(stuck.socketPath);
    clients.push(first);
    await once(silent, 'connection');

    clients.push(new ClientStream(stuck.socketPath));
    const { code } = await first.status;

    equal(code, Status.OK);
    await stuck.proxy.close();
    for (const socket of sockets) socket.destroy();
    await once(silent.close(), 'close');
  });

  it('ends all streams and removes its socket when it is closed, also twice', async () => {
    const [client, stream] = await served();

    await started.proxy.close();
    await started.proxy.close();
    const { code } = await client.status;
    await stream.cancelled;

    equal(code, Status.OK);
    await rejects(access(started.socketPath), { code: 'ENOENT' });
  });
});
