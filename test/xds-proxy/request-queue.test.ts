import { equal, rejects } from 'node:assert/strict';

import { RequestQueue } from '../../src/xds-proxy/request-queue.ts';

const named = (typeUrl: string) => ({ typeUrl, bytes: Buffer.alloc(0) });

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

  it('lets the one who waits go when the stream is over', async () => {
    const over = new AbortController();
    const waiting = new RequestQueue().take(over.signal);

    over.abort(new Error('over'));

    await rejects(waiting, { message: 'over' });
  });
});
