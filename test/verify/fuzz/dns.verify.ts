// The random and damaged packets of test/dns/messages/hostile-packets.test.ts, many more of them.

import { tryPackets } from '../../dns/messages/hostile-packets.ts';

const PACKETS = 1_000_000;

describe('replies to random and damaged packets, many of them', () => {
  it(`are short to what is no query, never too long, and none to a reply: ${PACKETS} packets`, async function () {
    this.timeout(3_600_000);

    await tryPackets(PACKETS);
  });
});
