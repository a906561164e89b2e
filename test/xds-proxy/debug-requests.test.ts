import { deepEqual, equal } from 'node:assert/strict';

import { ifResolved } from '../../src/runtime/tasks.ts';
import { DebugRequests } from '../../src/xds-proxy/debug-requests.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SYNCZ = 'istio.io/debug/syncz';
const [first, second] = [Buffer.from('first'), Buffer.from('second')];

describe('DebugRequests', () => {
  it('gives the answers of a type in the order of the requests, each to its own', async () => {
    const requests = new DebugRequests(new FakeClock());

    const asked = [requests.expect(SYNCZ), requests.expect(SYNCZ), requests.expect('istio.io/debug/edsz')];
    const taken = [
      requests.answer('istio.io/debug/edsz', Buffer.from('other')),
      requests.answer(SYNCZ, first),
      requests.answer(SYNCZ, second),
    ];

    deepEqual(await Promise.all(asked), [first, second, Buffer.from('other')]);
    deepEqual(taken, [true, true, true]);
  });

  it('knows no asker of an answer that nobody waits for', () => {
    const requests = new DebugRequests(new FakeClock());
    void requests.expect(SYNCZ);

    const taken = [requests.answer(SYNCZ, first), requests.answer(SYNCZ, second)];

    deepEqual(taken, [true, false]);
  });

  it("takes no answer to Envoy's request for one to ours", async () => {
    const requests = new DebugRequests(new FakeClock());

    requests.pass(SYNCZ);
    const asked = requests.expect(SYNCZ);
    const taken = [requests.answer(SYNCZ, first), requests.answer(SYNCZ, second)];

    equal(await asked, second);
    deepEqual(taken, [false, true]);
  });

  it('expects no answer after half a minute', async () => {
    const clock = new FakeClock();
    const requests = new DebugRequests(clock);

    const old = requests.expect(SYNCZ);
    await clock.tick(30_000);
    const asked = requests.expect(SYNCZ);
    requests.answer(SYNCZ, second);

    equal(await asked, second);
    equal(await ifResolved(old), undefined);
  });

  it('remembers no more than a client may reasonably ask', async () => {
    const requests = new DebugRequests(new FakeClock());
    const forgotten = requests.expect('istio.io/debug/first');

    for (let n = 0; n < 1000; n++) requests.pass(`istio.io/debug/${n}`);
    for (let n = 0; n < 5000; n++) requests.pass(SYNCZ);
    const taken = requests.answer('istio.io/debug/first', first);
    let answers = 0;
    const asked = requests.expect(SYNCZ);
    while (!requests.answer(SYNCZ, second)) answers += 1;

    equal(taken, false);
    equal(await ifResolved(forgotten), undefined);
    equal(answers, 999);
    equal(await asked, second);
  });
});
