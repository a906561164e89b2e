import { deepEqual, equal, fail, match } from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import type { Listener, ListenerDeps } from '../../../src/dns/listen/listener.ts';
import { listenUdp } from '../../../src/dns/listen/udp-listener.ts';
import { recordLog } from '../../../src/runtime/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { turnsUntil } from '../../support/turns.ts';

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe('listenUdp', () => {
  let recorded: ReturnType<typeof recordingLog>;
  let stop: AbortController;
  let listener: Listener;
  let client: Socket;

  async function listen(reply: ListenerDeps['reply'], host = '127.0.0.1', log = recorded.log): Promise<void> {
    const deps = { reply, clock: new FakeClock(), log, signal: stop.signal };
    listener = await listenUdp({ host, port: 0 }, deps);
    client = createSocket(host === '::1' ? 'udp6' : 'udp4');
  }

  async function ask(...texts: readonly string[]): Promise<string> {
    const { host, port } = listener.address;
    for (const text of texts) client.send(text, port, host);
    const [reply] = (await once(client, 'message')) as [Buffer];
    return reply.toString();
  }

  beforeEach(() => {
    recorded = recordingLog();
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort(new Error('closing'));
    await listener.close();
    client.close();
  });

  for (const host of ['127.0.0.1', '::1']) {
    it(`sends what is replied, at once or later, at ${host}`, async () => {
      await listen((bytes) => (bytes.toString() === 'now' ? bytes : Promise.resolve(bytes)), host);

      deepEqual([await ask('now'), await ask('later')], ['now', 'later']);
    });
  }

  it('loses none of four hundred queries that come while the process is busy', async () => {
    await listen((bytes) => bytes);
    const { host, port } = listener.address;
    let replies = 0;
    client.on('message', () => (replies += 1));

    for (let number = 0; number < 400; number += 1) client.send(`query ${number}`, port, host); // sent at once
    await turnsUntil(() => replies === 400);
  });

  it('sends nothing to what deserves no reply', async () => {
    await listen((bytes) => {
      const text = bytes.toString();
      if (text === 'bad') return undefined;
      return text === 'as bad' ? Promise.resolve(undefined) : bytes;
    });

    equal(await ask('bad', 'as bad', 'good'), 'good');
  });

  it('outlives a query that cannot be answered, and says why at debug level', async () => {
    await listen((bytes) => {
      const text = bytes.toString();
      if (text === 'throws') throw new Error('thrown');
      return text === 'rejects' ? Promise.reject(new Error('rejected')) : bytes;
    });

    equal(await ask('throws', 'rejects', 'good'), 'good');
    deepEqual(recorded.messages('debug'), [
      'UDP query from 127.0.0.1: thrown',
      'UDP query from 127.0.0.1: rejected',
    ]);
  });

  it('outlives a reply that cannot be sent, and says why at debug level', async () => {
    const tooLarge = Buffer.alloc(65_536);
    await listen((bytes) => (bytes.toString() === 'large' ? tooLarge : bytes));

    equal(await ask('large', 'good'), 'good');
    const [message = ''] = recorded.messages('debug');
    match(message, /^UDP reply: send EMSGSIZE 127\.0\.0\.1:\d+$/);
  });

  it('outlives it too while nobody reads debug lines, and has no error', async () => {
    const log = recordLog(
      () => fail('a line'),
      'dns',
      undefined,
      (level) => level !== 'debug',
    );
    await listen((bytes) => (bytes.toString() === 'large' ? Buffer.alloc(65_536) : bytes), '127.0.0.1', log);

    equal(await ask('large', 'good'), 'good');
  });

  it('sends nothing any more once it is told to end', async () => {
    const heard: string[] = [];
    const late = Promise.withResolvers<Buffer>();
    await listen((bytes) => (bytes.toString() === 'late' ? late.promise : bytes));
    equal(await ask('late', 'good'), 'good');

    stop.abort(new Error('closing'));
    late.resolve(Buffer.from('late'));
    client.on('message', (bytes) => heard.push(bytes.toString()));
    await late.promise;
    await nextTurn();

    deepEqual([heard, recorded.messages('debug')], [[], []]);
  });
});
