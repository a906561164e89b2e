// Random and damaged packets; many more of them in test/verify.

import { tryPackets } from './hostile-packets.ts';

const PACKETS = 3000;

describe('replies to random and damaged packets', () => {
  it(`are short to what is no query, never too long, and none to a reply: ${PACKETS} packets`, async function () {
    this.timeout(60_000);

    await tryPackets(PACKETS);
  });
});
