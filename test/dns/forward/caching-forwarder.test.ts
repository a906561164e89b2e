import { deepEqual, equal, rejects } from 'node:assert/strict';

import { CachingForwarder } from '../../../src/dns/forward/caching-forwarder.ts';
import type { Protocol } from '../../../src/dns/forward/exchange.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { address, encodeSections } from '../support/records.ts';
import { decode, encodeQuery, FLAG, type Query } from '../support/wire.ts';

function query(options: Query = {}): Message {
  return readMessage(encodeQuery({ name: 'a.example.', ...options })) as Message;
}

class Given {
  readonly asked: { readonly query: Message; readonly protocol: Protocol }[] = [];
  readonly #waiting: PromiseWithResolvers<Message | undefined>[] = [];
  readonly lookups: string[] = [];
  readonly clock = new FakeClock();
  hops = 0;
  readonly forwarder = new CachingForwarder(10, {
    forwarder: {
      forward: (asked, protocol) => {
        this.asked.push({ query: asked, protocol });
        const waiting = Promise.withResolvers<Message | undefined>();
        this.#waiting.push(waiting);
        return waiting.promise;
      },
      isOwn: ({ header }) => header.id === 99,
      hopsOf: () => this.hops,
    },
    clock: this.clock,
    metrics: { cacheAsked: (result) => void this.lookups.push(result) },
  });

  /** Answers the oldest question that waits. */
  answer(flags = 0): void {
    const { query: asked = query() } = this.asked.at(-this.#waiting.length) ?? {};
    const bytes = encodeSections(asked.bytes, { answers: [address(60)], flags });
    this.#waiting.shift()?.resolve(readMessage(bytes));
  }

  fail(reason?: Error): void {
    const waiting = this.#waiting.shift();
    if (reason === undefined) waiting?.resolve(undefined);
    else waiting?.reject(reason);
  }
}

function idAndName(message: Message | undefined): unknown {
  const { id, questions } = decode(message?.bytes ?? Buffer.alloc(12));
  return [id, questions[0]?.name];
}

describe('CachingForwarder', () => {
  it('asks once as long as the answer lasts, over any protocol', async () => {
    const given = new Given();
    const first = given.forwarder.forward(query({ id: 1 }), 'udp');
    given.answer();
    await first;

    const second = await given.forwarder.forward(query({ id: 2, name: 'A.example.' }), 'tcp');
    await given.clock.tick(60_000);
    const third = given.forwarder.forward(query({ id: 3 }), 'udp');
    given.answer();

    deepEqual(idAndName(second), [2, 'A.example.']);
    deepEqual(idAndName(await third), [3, 'a.example.']);
    equal(given.asked.length, 2);
    deepEqual(given.lookups, ['miss', 'hit', 'miss']);
  });

  it('lets equal questions wait for one answer', async () => {
    const given = new Given();
    const first = given.forwarder.forward(query({ id: 1 }), 'udp');
    const second = given.forwarder.forward(query({ id: 2, name: 'A.example.' }), 'udp');
    const other = given.forwarder.forward(query({ id: 3, type: 'AAAA' }), 'udp');

    given.answer();
    given.answer();

    deepEqual((await Promise.all([first, second, other])).map(idAndName), [
      [1, 'a.example.'],
      [2, 'A.example.'],
      [3, 'a.example.'],
    ]);
    equal(given.asked.length, 2);
    deepEqual(given.lookups, ['miss', 'hit', 'miss']);
  });

  it('lets them fail together, and asks again afterwards', async () => {
    const given = new Given();
    const waiting = [1, 2].map((id) => given.forwarder.forward(query({ id }), 'udp'));

    given.fail();
    const results = await Promise.all(waiting);
    const next = given.forwarder.forward(query(), 'udp');
    given.fail(new Error('closing'));

    deepEqual(results, [undefined, undefined]);
    await rejects(next, { message: 'closing' });
    equal(given.asked.length, 2);
  });

  it('keeps no answer that was cut', async () => {
    const given = new Given();
    const first = given.forwarder.forward(query(), 'udp');
    given.answer(FLAG.TC);
    await first;

    void given.forwarder.forward(query(), 'udp');

    equal(given.asked.length, 2);
  });

  it('forwards what may get an answer of its own, and what has come back', async () => {
    const given = new Given();

    void given.forwarder.forward(query({ opcode: 4 }), 'udp');
    void given.forwarder.forward(query({ opcode: 4 }), 'udp');
    void given.forwarder.forward(query(), 'udp');
    given.hops = 1;
    void given.forwarder.forward(query(), 'udp');

    equal(given.asked.length, 4);
    deepEqual(given.lookups, ['miss']);
  });

  it('forgets all answers when others are asked', async () => {
    const given = new Given();
    const first = given.forwarder.forward(query(), 'udp');
    given.answer();
    await first;

    given.forwarder.clear();
    const second = given.forwarder.forward(query(), 'udp');
    given.forwarder.clear();
    given.answer();
    await second;
    void given.forwarder.forward(query(), 'udp');

    equal(given.asked.length, 3);
  });

  it('knows its own queries as the forwarder does', () => {
    const { forwarder } = new Given();

    deepEqual([forwarder.isOwn(query({ id: 99 })), forwarder.isOwn(query())], [true, false]);
  });
});
