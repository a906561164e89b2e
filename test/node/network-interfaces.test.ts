import assert from 'node:assert/strict';

import type { NetworkInterface } from '../../src/node/instance-addresses.ts';
import { readInterfaces, settledInterfaces } from '../../src/node/network-interfaces.ts';
import { FakeClock } from '../support/fake-clock.ts';

const WAITING: NetworkInterface = { name: 'eth0', index: 2, addresses: ['::'] };
const SETTLED: NetworkInterface = { name: 'eth0', index: 2, addresses: ['10.0.0.7'] };

describe('settledInterfaces', () => {
  it('reads again until every interface has its address', async () => {
    const clock = new FakeClock();
    const answers = [[WAITING], [WAITING], [SETTLED]];
    const read = async (): Promise<NetworkInterface[]> => answers.shift() ?? [];

    const settled = settledInterfaces({ clock, read }, new AbortController().signal);
    await clock.tick(200);

    assert.deepEqual(await settled, [SETTLED]);
  });

  it('gives up after two minutes with none', async () => {
    const clock = new FakeClock();

    const settled = settledInterfaces({ clock, read: async () => [WAITING] }, new AbortController().signal);
    await clock.tick(121_000);

    assert.deepEqual(await settled, []);
  });

  it('ends with the reason of the signal', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const reason = new Error('stop');

    const settled = settledInterfaces({ clock, read: async () => [WAITING] }, controller.signal);
    controller.abort(reason);

    await assert.rejects(settled, reason);
  });
});

describe('readInterfaces', () => {
  it('finds the loopback interface and its kernel index', async () => {
    const loopback = (await readInterfaces()).find(({ addresses }) => addresses.includes('127.0.0.1'));

    assert.equal(loopback?.index, 1);
  });
});
