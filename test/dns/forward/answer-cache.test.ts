import { deepEqual, equal, ok } from 'node:assert/strict';

import { AnswerCache } from '../../../src/dns/forward/answer-cache.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { heldBytes } from '../support/held-memory.ts';
import { address, encodeSections, option, soa } from '../support/records.ts';
import { decode, encodeQuery, FLAG } from '../support/wire.ts';

const QUERY = readMessage(encodeQuery({ id: 7, name: 'A.example.' })) as Message;
const ASKED = encodeQuery({ id: 1, name: 'a.example.' });

function answer(ttl = 60, count = 1): Message {
  const answers = Array.from({ length: count }, () => address(ttl));
  return readMessage(encodeSections(ASKED, { answers, additionals: [option(0)] })) as Message;
}

describe('AnswerCache', () => {
  it('gives an answer with id and question of the one who asks, and the time that is left', async () => {
    const clock = new FakeClock();
    const cache = new AnswerCache(10, clock);
    cache.keep('k', answer());

    await clock.tick(10_999);
    const { header, bytes } = cache.find('k', QUERY) ?? QUERY;

    equal(header.id, 7);
    deepEqual([decode(bytes).id, decode(bytes).questions[0]?.name], [7, 'A.example.']);
    deepEqual(
      [...decode(bytes).answers, ...decode(bytes).additionals].map(({ ttl }) => ttl),
      [50, 0],
    );
  });

  it('keeps no memory that is shared with answers that are gone', () => {
    const cache = new AnswerCache(1000, new FakeClock());
    const before = heldBytes();

    for (let number = 0; number < 500; number += 1) {
      cache.keep(`k${number}`, answer());
      for (let other = 0; other < 60; other += 1) answer();
    }

    ok(heldBytes() - before < 2_000_000);
    equal(cache.size, 500);
  });

  it('gives nothing when its time is over, and forgets it', async () => {
    const clock = new FakeClock();
    const cache = new AnswerCache(10, clock);
    cache.keep('k', answer(60));

    await clock.tick(59_999);
    const before = cache.find('k', QUERY);
    await clock.tick(1);

    ok(before);
    equal(cache.find('k', QUERY), undefined);
    equal(cache.size, 0);
  });

  it('keeps that there is nothing for the minimum of the SOA record', async () => {
    const clock = new FakeClock();
    const cache = new AnswerCache(10, clock);
    cache.keep('k', readMessage(encodeSections(ASKED, { rcode: 3, authorities: [soa(300, 5)] })) as Message);

    await clock.tick(4000);
    const found = cache.find('k', QUERY);
    await clock.tick(1000);

    equal(decode(found?.bytes ?? Buffer.alloc(0)).authorities[0]?.ttl, 296);
    equal(cache.find('k', QUERY), undefined);
  });

  it('does not change with what it was given or has given', () => {
    const cache = new AnswerCache(10, new FakeClock());
    const given = answer();
    const whole = Buffer.from(given.bytes);
    cache.keep('k', given);

    given.bytes.fill(0);
    cache.find('k', QUERY)?.bytes.fill(0);

    equal(cache.find('k', QUERY)?.bytes.toString('hex', 30), whole.toString('hex', 30));
  });

  it('says that it is no authority', () => {
    const cache = new AnswerCache(10, new FakeClock());
    cache.keep(
      'k',
      readMessage(encodeSections(ASKED, { answers: [address(60)], flags: FLAG.AA })) as Message,
    );

    equal(decode(cache.find('k', QUERY)?.bytes ?? Buffer.alloc(0)).flags & FLAG.AA, 0);
  });

  it('drops what was not used for the longest time', () => {
    const cache = new AnswerCache(2, new FakeClock());
    cache.keep('a', answer());
    cache.keep('b', answer());
    cache.find('a', QUERY);
    cache.keep('c', answer());

    deepEqual(
      ['a', 'b', 'c'].map((key) => cache.find(key, QUERY) !== undefined),
      [true, false, true],
    );
  });

  it('keeps no more bytes than that many answers of usual size have, and no long answer', () => {
    const cache = new AnswerCache(4, new FakeClock());
    for (const key of ['a', 'b', 'c', 'd']) cache.keep(key, answer(60, 100)); // 1.6 kB each
    cache.keep('long', answer(60, 300));

    deepEqual(
      ['a', 'b', 'c', 'd', 'long'].map((key) => cache.find(key, QUERY) !== undefined),
      [false, false, true, true, false],
    );
  });

  it('takes a newer answer for the older one', () => {
    const cache = new AnswerCache(2, new FakeClock());
    cache.keep('a', answer(60));
    cache.keep('b', answer(60));
    cache.keep('a', answer(90));

    equal(cache.size, 2);
    equal(decode(cache.find('a', QUERY)?.bytes ?? Buffer.alloc(0)).answers[0]?.ttl, 90);
  });
});
