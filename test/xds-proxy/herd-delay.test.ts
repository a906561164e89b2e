import { deepEqual } from 'node:assert/strict';

import { HerdDelay } from '../../src/xds-proxy/herd-delay.ts';

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
});
