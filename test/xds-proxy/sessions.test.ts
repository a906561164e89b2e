// Sessions on streams in memory: what is said and counted of each end, and what is kept. What travels over the
// streams is in session.test.ts, over the real transport.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { status as Status } from '@grpc/grpc-js';

import { Ending } from '../../src/xds-proxy/endings.ts';
import { Sessions, type SessionsDeps } from '../../src/xds-proxy/sessions.ts';
import { UpstreamNotBuilt } from '../../src/xds-proxy/upstream-connection.ts';
import { CLUSTER_TYPE, LISTENER_TYPE, NAME_TABLE_TYPE, PROXY_CONFIG_TYPE } from '../../src/xds/type-urls.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { FakeEnvoy } from './faults/fake-envoy.ts';
import { FakeUpstream } from './faults/fake-upstream.ts';
import { decodeRequest, requestBytes, responseBytes } from './messages.ts';
import { countInto } from './started-proxy.ts';

type Connect = SessionsDeps['connect'];

class World {
  readonly clock = new FakeClock();
  readonly log = recordingLog();
  readonly counted: string[] = [];
  readonly upstreams: FakeUpstream[] = [];
  readonly sessions: Sessions;
  connect: Connect = (_kind, onResponse) => {
    const upstream = new FakeUpstream(`192.0.2.${this.upstreams.length}:15012`, onResponse, this.clock);
    this.upstreams.push(upstream);
    return Promise.resolve(upstream);
  };

  constructor(consumers: SessionsDeps['consumers'] = new Map(), maxSilenceMs = 0) {
    this.sessions = new Sessions({
      consumers,
      connect: (...call) => this.connect(...call),
      clock: this.clock,
      random: () => 0.5,
      maxSilenceMs,
      log: this.log.log,
      metrics: countInto(this.counted),
    });
  }

  /** A stream that has come to rest: connected, or on its way. */
  async open(kind: 'sotw' | 'delta' = 'sotw', generation = 0): Promise<FakeEnvoy> {
    const envoy = new FakeEnvoy();
    this.sessions.open(kind, envoy, generation);
    await this.clock.tick(0);
    return envoy;
  }

  get upstream(): FakeUpstream {
    return this.upstreams.at(-1) ?? new FakeUpstream('none', () => Promise.resolve(), this.clock);
  }

  /** Those about ends, as `level id message`. */
  get told(): string[] {
    return this.log.records
      .filter(({ message }) => message.includes(' terminated with '))
      .map(({ level, fields, message }) => `${level} ${String(fields.id)} ${message}`);
  }

  get ends(): string[] {
    return this.counted.filter((name) => /Ended|NotBuilt/.test(name));
  }
}

describe('Sessions', () => {
  it('tells an orderly end of the control plane at debug, by the id of the stream, and counts it as cancelled', async () => {
    const world = new World();
    await world.open();
    world.upstream.endWith(Status.OK, 'OK');
    await world.clock.tick(0);
    await world.open();

    world.upstream.endWith(Status.UNAVAILABLE, 'Connection dropped');
    await world.clock.tick(0);

    deepEqual(world.told, [
      'debug 1 upstream terminated with status 0 OK: OK',
      'debug 2 upstream terminated with status 14 UNAVAILABLE: Connection dropped',
    ]);
    deepEqual(world.ends, ['upstreamEnded:cancelled', 'upstreamEnded:cancelled']);
  });

  it('warns of an unexpected end and counts it as an error', async () => {
    const world = new World();
    const envoy = await world.open();

    world.upstream.endWith(Status.UNAUTHENTICATED, 'authentication failure');
    await world.clock.tick(0);

    deepEqual(world.told, [
      'warn 1 upstream terminated with unexpected error 16 UNAUTHENTICATED: authentication failure',
    ]);
    deepEqual(world.ends, ['upstreamEnded:error']);
    deepEqual(envoy.statuses, [Status.UNAUTHENTICATED]);
    deepEqual(world.sessions.snapshot().lastUpstreamError, {
      text: '16 UNAUTHENTICATED: authentication failure',
      at: new Date(world.clock.now()),
    });
  });

  it('counts a stream that cannot be opened as an error, whatever the reason', async () => {
    const world = new World();
    world.connect = () => Promise.reject(new Ending('upstream', Status.UNAVAILABLE, 'Connection dropped'));

    const envoy = await world.open();

    deepEqual(world.ends, ['upstreamEnded:error']);
    deepEqual(envoy.statuses, [Status.UNAVAILABLE]);
  });

  it('counts a client that cannot be built apart, and only there', async () => {
    const world = new World();
    world.connect = () => Promise.reject(new UpstreamNotBuilt(new Error('no root')));

    await world.open();

    deepEqual(world.ends, ['upstreamNotBuilt']);
    match(world.told[0] ?? '', /^warn 1 upstream .* failed to connect to upstream: no root$/);
  });

  it('counts nothing when it ends a stream itself, and gives OK', async () => {
    const world = new World();
    const [first, second] = [await world.open(), await world.open()];

    await world.sessions.close();

    deepEqual(world.ends, []);
    deepEqual([first.statuses, second.statuses], [[Status.OK], [Status.OK]]);
    deepEqual(world.told, [
      'debug 1 agent terminated with status 0 OK: replaced by a newer stream',
      'debug 2 agent terminated with status 0 OK: the agent stops',
    ]);
    deepEqual(
      world.upstreams.map(({ isClosed }) => isClosed),
      [true, true],
    );
  });

  it('gives the control plane time to end a stream that Envoy has ended in order, and none when Envoy is cut off', async () => {
    const world = new World();
    const halfClosing = await world.open();
    const [first] = [world.upstream, halfClosing.halfClose()];
    await world.clock.tick(999);
    const early = first.isClosed;
    await world.clock.tick(1);
    const cut = await world.open();

    cut.cut();
    await world.clock.tick(0);

    deepEqual([early, first.isClosed, world.upstream.isClosed], [false, true, true]);
    deepEqual(halfClosing.statuses, [Status.OK]);
    deepEqual(world.ends, ['downstreamEnded:cancelled', 'downstreamEnded:cancelled']);
  });

  it('warns of a stream that overlaps with its predecessor, and not of one that follows at once', async () => {
    const world = new World();
    const overlapped = await world.open();
    const followed = await world.open();
    const warned = world.log.messages('warn').length;

    followed.cut();
    await world.open();

    deepEqual(overlapped.statuses, [Status.OK]);
    deepEqual([warned, world.log.messages('warn').length], [1, 1]);
  });

  it('connects for no stream that is opened while it closes', async () => {
    const world = new World();
    const first = await world.open();

    const closed = world.sessions.close();
    const late = await world.open();
    await closed;

    deepEqual([first.statuses, late.statuses], [[Status.OK], [Status.OK]]);
    equal(world.upstreams.length, 1);
    equal(world.sessions.snapshot().generations[0]?.stream, undefined);
  });

  it('counts every message by its type and size, and how long connects, writes and acceptances take', async () => {
    const world = new World();
    const { connect } = world;
    world.connect = async (...call) => {
      await world.clock.sleep(40, new AbortController().signal);
      return connect(...call);
    };
    const envoy = await world.open();
    await world.clock.tick(40);
    const request = requestBytes('sotw', CLUSTER_TYPE, { responseNonce: 'n1' });
    const response = responseBytes('sotw', CLUSTER_TYPE, { nonce: 'n1' });

    envoy.setReading(false);
    world.upstream.respond(response);
    await world.clock.tick(5);
    envoy.setReading(true);
    await world.clock.tick(2);
    envoy.request(request);
    await world.clock.tick(0);

    deepEqual(world.counted, [
      'connectTook:40',
      'response',
      `received:CDS:${response.length}:${world.clock.now() - 7}`,
      'writeTook:5',
      `requestSize:${request.length}`,
      'accepted:CDS:7',
      'request',
    ]);
  });

  it('hears nothing that Envoy has sent before its end and that is read after it', async () => {
    const world = new World();
    const envoy = await world.open();
    world.upstream.respond(responseBytes('sotw', CLUSTER_TYPE, { nonce: 'n1' }));
    await world.clock.tick(0);

    envoy.cut();
    envoy.request(requestBytes('sotw', CLUSTER_TYPE, { responseNonce: 'n1' }));
    await world.clock.tick(0);

    equal(world.counted.join().includes('accepted'), false);
    deepEqual(world.upstream.received, []);
  });

  it('spares the control plane only for ends that are its own', async () => {
    const world = new World();
    for (let n = 0; n < 3; n++) {
      (await world.open()).cut();
      await world.clock.tick(0);
    }

    await world.open();

    equal(world.upstreams.length, 4);
    equal(world.clock.sleepers, 0);
  });

  it('ends a stream that waits out its herd delay as soon as its successor comes', async () => {
    const world = new World();
    for (let n = 0; n < 2; n++) {
      await world.open();
      world.upstream.endWith(Status.UNAVAILABLE, 'not ready');
      await world.clock.tick(0);
    }
    const waiting = await world.open();
    const sleepers = world.clock.sleepers;

    await world.open();

    equal(sleepers, 1);
    deepEqual(waiting.statuses, [Status.OK]);
    equal(world.clock.sleepers, 1, 'only the successor waits');
    await world.sessions.close();
    equal(world.clock.sleepers, 0);
  });

  it('says which request could not be sent', async () => {
    const world = new World();
    const envoy = await world.open();

    world.upstream.failNextSend();
    envoy.request(requestBytes('sotw', CLUSTER_TYPE));
    await world.clock.tick(0);

    deepEqual(envoy.statuses, [Status.UNKNOWN]);
    deepEqual(world.told, [
      `warn 1 upstream terminated with unexpected error 2 UNKNOWN: send error for type url ${CLUSTER_TYPE}: write EPIPE`,
    ]);
  });

  it('ends both sides when Envoy cannot be written to', async () => {
    const world = new World();
    const envoy = await world.open();

    envoy.failWrite();
    world.upstream.respond(responseBytes('sotw', CLUSTER_TYPE));
    await world.clock.tick(0);

    deepEqual(world.ends, ['downstreamEnded:error']);
    match(
      world.told[0] ?? '',
      /^warn 1 downstream .* 2 UNKNOWN: send error for type url .*Cluster: write EPIPE$/,
    );
    ok(world.upstream.isClosed);
  });

  it('ends a stream whose requests pile up to more than 64 MiB, and drops them', async () => {
    const world = new World();
    const envoy = await world.open();
    const large = Buffer.concat([Buffer.from('9a06808040', 'hex'), Buffer.alloc(1024 * 1024)]);

    world.upstream.setReading(false);
    for (let n = 0; n < 63; n++) envoy.request(large);
    const [before] = world.sessions.snapshot().generations;
    const survived = !envoy.isOver;
    for (let n = 0; n < 3; n++) envoy.request(large);
    await world.clock.tick(0);

    ok(survived && (before?.stream?.queuedBytes ?? 0) > 62 * 1024 * 1024);
    deepEqual(envoy.statuses, [Status.RESOURCE_EXHAUSTED]);
    match(
      world.told[0] ?? '',
      /^warn 1 upstream .*: the control plane takes no requests: \d+ wait, more than 67108864/,
    );
    equal(world.sessions.snapshot().generations[0]?.stream, undefined);
  });

  it('ends a stream on which the control plane has been silent for too long, when there is a limit', async () => {
    const world = new World(new Map(), 60_000);
    const envoy = await world.open();

    await world.clock.tick(30_000);
    world.upstream.respond(responseBytes('sotw', CLUSTER_TYPE));
    await world.clock.tick(59_999);
    const early = envoy.isOver;
    await world.clock.tick(1);

    equal(early, false);
    deepEqual(envoy.statuses, [Status.UNAVAILABLE]);
    deepEqual(world.ends, ['upstreamEnded:error']);
    match(world.told[0] ?? '', /^warn 1 upstream .* the control plane has sent nothing for 1m0s$/);
    equal(world.clock.sleepers, 0);
  });

  it('drops a response that comes after the end, and says so', async () => {
    const world = new World();
    const envoy = await world.open();
    const takeLate: ((bytes: Buffer) => Promise<void>)[] = [];
    world.connect = (_kind, onResponse) => {
      takeLate.push(onResponse);
      return Promise.resolve(new FakeUpstream('192.0.2.9:15012', onResponse, world.clock));
    };
    const replacing = await world.open();
    replacing.cut();

    await takeLate[0]?.(responseBytes('sotw', CLUSTER_TYPE));

    deepEqual([envoy.received, replacing.received], [[], []]);
    deepEqual(world.log.messages('error'), [
      'downstream dropped xds push to Envoy, connection already closed',
    ]);
  });

  for (const [kind, word] of [
    ['sotw', 'sendDownstream'],
    ['delta', 'sendDownstreamDelta'],
  ] as const) {
    it(`warns of a write towards Envoy that takes more than 10 s, ${kind}`, async () => {
      const world = new World();
      const envoy = await world.open(kind);
      const written = async (ms: number): Promise<void> => {
        envoy.setReading(false);
        world.upstream.respond(responseBytes(kind, CLUSTER_TYPE));
        await world.clock.tick(ms);
        envoy.setReading(true);
        await world.clock.tick(0);
      };

      await written(10_000);
      const before = world.log.messages('warn').length;
      await written(12_500);

      equal(before, 0);
      deepEqual(world.log.messages('warn'), [`${word} took 12.5s`]);
    });
  }

  it('subscribes to what the agent takes in the order of its takers, after the first request for listeners', async () => {
    const take = (): void => undefined;
    const world = new World(
      new Map([
        [NAME_TABLE_TYPE, take],
        [PROXY_CONFIG_TYPE, take],
      ]),
    );
    const envoy = await world.open();

    for (const type of [CLUSTER_TYPE, LISTENER_TYPE, CLUSTER_TYPE, LISTENER_TYPE]) {
      envoy.request(requestBytes('sotw', type));
    }
    await world.clock.tick(0);

    deepEqual(
      world.upstream.received.map((bytes) => decodeRequest('sotw', bytes).typeUrl),
      [CLUSTER_TYPE, LISTENER_TYPE, NAME_TABLE_TYPE, PROXY_CONFIG_TYPE, CLUSTER_TYPE, LISTENER_TYPE],
    );
  });

  it('does not hold the end of a stream up for a part of the agent that is slow', async () => {
    const never = new Promise<void>(() => undefined);
    const world = new World(new Map([[NAME_TABLE_TYPE, () => never]]));
    await world.open();
    world.upstream.respond(responseBytes('sotw', NAME_TABLE_TYPE));
    await world.clock.tick(0);

    const closed = world.sessions.close();

    await closed;
    ok(world.upstream.isOver);
  });

  it('does not hold the end of a stream up for an Envoy that does not read', async () => {
    const world = new World();
    const stuck = await world.open();
    stuck.setReading(false);
    world.upstream.respond(responseBytes('sotw', CLUSTER_TYPE));
    await world.clock.tick(0);

    await world.open();

    deepEqual([stuck.pendingWrites, stuck.statuses], [0, [Status.OK]]);
    ok(world.upstreams[0]?.isOver);
    equal(world.sessions.snapshot().generations[0]?.stream?.id, 2);
  });

  it('lets go of a stream that is over', async () => {
    const world = new World();
    world.connect = (_kind, onResponse) =>
      Promise.resolve(new FakeUpstream('192.0.2.1:15012', onResponse, world.clock));
    const over = async (): Promise<WeakRef<FakeEnvoy>> => {
      const envoy = await world.open();
      envoy.cut();
      await world.clock.tick(0);
      return new WeakRef(envoy);
    };
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const envoy = await over();

    for (let n = 0; n < 20 && envoy.deref() !== undefined; n++) {
      await turn();
      collect();
    }

    equal(envoy.deref(), undefined);
  });

  it('keeps what was known of the last stream, and how it ended, but not the stream', async () => {
    const world = new World(new Map([[NAME_TABLE_TYPE, () => Promise.reject(new Error('bad table'))]]));
    const envoy = await world.open('sotw', 3);
    world.upstream.respond(responseBytes('sotw', CLUSTER_TYPE, { nonce: 'n1' }));
    world.upstream.respond(responseBytes('sotw', NAME_TABLE_TYPE, { nonce: 'n2' }));
    await world.clock.tick(0);
    envoy.request(requestBytes('sotw', CLUSTER_TYPE, { responseNonce: 'n1' }));
    await world.clock.tick(100);

    envoy.cut();
    await world.clock.tick(0);
    const [left] = world.sessions.snapshot().generations;

    deepEqual([left?.generation, left?.connected, left?.stream], [3, false, undefined]);
    equal(left?.perType[CLUSTER_TYPE]?.acked, true);
    equal(left?.ofAgent?.[NAME_TABLE_TYPE]?.nackMessage, 'bad table');
    equal(left?.lastEnd?.text, 'downstream: 1 CANCELLED: client disconnected');
    deepEqual(left?.lastEnd?.at, new Date(world.clock.now()));
    ok(world.counted.includes('refused:NDS:agent') && world.counted.includes('accepted:CDS:0'));
  });

  it('never forgets a generation that has a stream, and of the others keeps the newest', async () => {
    const world = new World();
    const envoys: FakeEnvoy[] = [];
    for (let generation = 0; generation < 6; generation++) envoys.push(await world.open('sotw', generation));
    const all = world.sessions.snapshot().generations.length;

    for (const envoy of envoys) envoy.cut();
    await world.clock.tick(0);

    equal(all, 6);
    deepEqual(
      world.sessions.snapshot().generations.map(({ generation }) => generation),
      [3, 4, 5],
    );
  });
});
