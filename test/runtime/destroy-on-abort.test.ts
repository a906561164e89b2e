import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { PassThrough } from 'node:stream';

import { destroyOnAbort } from '../../src/runtime/destroy-on-abort.ts';

describe('destroyOnAbort', () => {
  const reason = new Error('enough');

  it('destroys an open stream with the reason of the signal', async () => {
    const stop = new AbortController();
    const stream = new PassThrough();
    destroyOnAbort(stream, stop.signal);

    stop.abort(reason);

    assert.deepEqual(await once(stream, 'error'), [reason]);
    assert.ok(stream.destroyed);
  });

  it('destroys at once when the signal has aborted', async () => {
    const stream = new PassThrough();

    destroyOnAbort(stream, AbortSignal.abort(reason));

    assert.deepEqual(await once(stream, 'error'), [reason]);
  });

  it('lets the signal go when the stream is closed', async () => {
    const { signal } = new AbortController();
    const stream = new PassThrough();
    destroyOnAbort(stream, signal);

    stream.destroy();
    await once(stream, 'close');

    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });
});
