import { deepEqual, equal, ok, rejects } from 'node:assert/strict';

import { RequestQueue } from '../../src/xds-proxy/request-queue.ts';

const named = (typeUrl: string, sizeBytes = 0) => ({ typeUrl, bytes: Buffer.alloc(sizeBytes) });

describe('RequestQueue', () => {
  const { signal } = new AbortController();

  it('gives requests in the order they came, also to one who waits', async () => {
    const queue = new RequestQueue();
    const waiting = queue.take(signal);

    queue.push(named('a'));
    queue.push(named('b'));

    equal((await waiting).typeUrl, 'a');
    equal((await queue.take(signal)).typeUrl, 'b');
  });

  it('keeps the order of many, added and taken in turns', async () => {
    const queue = new RequestQueue();
    const taken: string[] = [];
    let added = 0;

    for (let round = 0; round < 50; round++) {
      for (let n = 0; n < 100; n++) queue.push(named(`${added++}`));
      for (let n = 0; n < (round % 2 === 0 ? 30 : 160); n++) taken.push((await queue.take(signal)).typeUrl);
    }
    while (queue.length > 0) taken.push((await queue.take(signal)).typeUrl);

    deepEqual(
      taken,
      Array.from({ length: 5000 }, (_, n) => `${n}`),
    );
    equal(queue.sizeBytes, 0);
  });

  it('knows how many wait and what memory they take, empty ones included', async () => {
    const queue = new RequestQueue();

    queue.push(named('type', 1000));
    queue.push(named('', 0));
    const [count, both] = [queue.length, queue.sizeBytes];
    await queue.take(signal);
    const rest = queue.sizeBytes;
    await queue.take(signal);

    equal(count, 2);
    ok(both > 1000 && rest > 0 && rest < 1000);
    deepEqual([queue.length, queue.sizeBytes], [0, 0]);
  });

  it('lets the one who waits go when the stream is over', async () => {
    const over = new AbortController();
    const waiting = new RequestQueue().take(over.signal);

    over.abort(new Error('over'));

    await rejects(waiting, { message: 'over' });
  });
});
