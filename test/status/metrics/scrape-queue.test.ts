import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';

import { ScrapeQueue } from '../../../src/status/metrics/scrape-queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const PLACES = 4;
const ENDLESS = new AbortController().signal;

class Crowd {
  readonly clock = new FakeClock();
  readonly queue = new ScrapeQueue(this.clock);
  /** Who is in or was, in the order of coming in. */
  readonly entered: number[] = [];
  readonly places: Disposable[] = [];
  #came = 0;

  async come(count: number, signal = ENDLESS): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const name = this.#came++;
      this.queue.enter(signal).then(
        (place) => {
          this.entered.push(name);
          this.places.push(place);
        },
        () => undefined,
      );
    }
    await turn();
  }

  async leave(count = 1): Promise<void> {
    for (const place of this.places.splice(0, count)) place[Symbol.dispose]();
    await turn();
  }
}

describe('ScrapeQueue', () => {
  it('lets four in at once, and the next ones in their order as places become free', async () => {
    const crowd = new Crowd();

    await crowd.come(PLACES + 3);
    assert.equal(crowd.entered.length, PLACES);
    await crowd.leave(2);

    assert.deepEqual(crowd.entered, [0, 1, 2, 3, 4, 5]);
  });

  it('lets one more in every second, however long the others stay', async () => {
    const crowd = new Crowd();
    await crowd.come(PLACES + 3);

    await crowd.clock.tick(999);
    assert.equal(crowd.entered.length, PLACES);
    await crowd.clock.tick(1);
    assert.equal(crowd.entered.length, PLACES + 1);
    await crowd.clock.tick(1000);

    assert.equal(crowd.entered.length, PLACES + 2);
  });

  it('lets nobody in for one who leaves while there are more inside than places', async () => {
    const crowd = new Crowd();
    await crowd.come(PLACES + 3);
    await crowd.clock.tick(1000); // five inside

    await crowd.leave();

    assert.equal(crowd.entered.length, PLACES + 1);
  });

  it('forgets who gives up waiting', async () => {
    const crowd = new Crowd();
    const givingUp = new AbortController();
    await crowd.come(PLACES);
    await crowd.come(1, givingUp.signal);
    await crowd.come(1);

    givingUp.abort(new Error('gone'));
    await crowd.leave();

    assert.deepEqual(crowd.entered, [0, 1, 2, 3, PLACES + 1]);
    await assert.rejects(crowd.queue.enter(givingUp.signal), /^Error: gone$/);
  });

  it('leaves no timer behind when nobody waits, and starts it again for the next one', async () => {
    const crowd = new Crowd();
    const givingUp = new AbortController();
    await crowd.come(PLACES);
    assert.equal(crowd.clock.sleepers, 0);
    await crowd.come(1, givingUp.signal);
    assert.equal(crowd.clock.sleepers, 1);

    givingUp.abort();
    await turn();
    assert.equal(crowd.clock.sleepers, 0);
    await crowd.come(1);
    await crowd.clock.tick(1000);

    assert.equal(crowd.entered.length, PLACES + 1);
    assert.equal(crowd.clock.sleepers, 0);
  });
});
