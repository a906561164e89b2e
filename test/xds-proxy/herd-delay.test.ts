import { deepEqual, ok } from 'node:assert/strict';

import { SECOND_MS } from '../../src/runtime/duration.ts';
import { HerdDelay } from '../../src/xds-proxy/herd-delay.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { worstSecond, type Herd, type Outage } from './herd-simulation.ts';

describe('HerdDelay', () => {
  it('spares the control plane from the second young ending on, until a stream has lived 5 s', () => {
    const herd = new HerdDelay(() => 0.25);
    const delays = [herd.nextMs()];

    for (const livedMs of [4999, 0, 4999, 5000]) {
      herd.streamEnded({ livedMs, failed: true });
      delays.push(herd.nextMs());
    }

    deepEqual(delays, [0, 0, 2500, 2500, 0]);
  });

  it('waits up to 10 s, drawn anew each time', () => {
    const drawn = [0.999_999, 0.5];
    const herd = new HerdDelay(() => drawn.shift() ?? 0);
    for (let n = 0; n < 2; n++) herd.streamEnded({ livedMs: 0, failed: true });

    const delays = [herd.nextMs(), herd.nextMs()];

    deepEqual(delays, [9999.99, 5000]);
  });

  it('does not blame the control plane for what Envoy ends, and takes a long life for a success', () => {
    const herd = new HerdDelay(() => 0.25);
    const fail = (): void => herd.streamEnded({ livedMs: 0, failed: true });

    herd.streamEnded({ livedMs: 0, failed: false });
    fail();
    const first = herd.nextMs();
    fail();
    herd.streamEnded({ livedMs: 4999, failed: false });
    const kept = herd.nextMs();
    herd.streamEnded({ livedMs: 5000, failed: false });
    const forgotten = herd.nextMs();

    deepEqual([first, kept, forgotten], [0, 2500, 0]);
  });

  describe('with 10,000 agents whose control plane is away', () => {
    const herdOf = (awayMs: number, outage: Outage, spared = true): Herd => {
      const random = seededRandom(1);
      const none = { nextMs: () => 0, streamEnded: () => undefined };
      return { agents: 10_000, awayMs, outage, random, delay: () => (spared ? new HerdDelay(random) : none) };
    };

    for (const [awayMs, outage] of [
      [60 * SECOND_MS, 'refused'],
      [60 * SECOND_MS, 'silent'],
      [2 * SECOND_MS, 'refused'],
    ] as const) {
      it(`lets at most 15 % of them come back in one second after ${awayMs / SECOND_MS} s, ${outage}`, () => {
        const worst = worstSecond(herdOf(awayMs, outage));

        ok(worst <= 0.15, `${(worst * 100).toFixed(1)} %`);
      });
    }

    it('is what makes the difference: without it a quarter would come at once', () => {
      ok(worstSecond(herdOf(60 * SECOND_MS, 'silent', false)) > 0.25);
      ok(worstSecond(herdOf(2 * SECOND_MS, 'refused', false)) > 0.25);
    });
  });
});
