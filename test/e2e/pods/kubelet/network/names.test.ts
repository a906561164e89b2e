import { equal, match } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { isLeftover, ownPrefix, startTime } from './names.ts';

describe('names of a kubelet', () => {
  it("differ from one to the next and are nobody's leftovers while their process lives", async () => {
    const [one, other] = [await ownPrefix(), await ownPrefix()];

    match(one, new RegExp(`^kubelet-${process.pid}-\\d+-[0-9a-f]{6}$`));
    equal(one === other, false);
    equal(await isLeftover(`${one}-node`), false);
  });

  it('are leftovers when their process is gone, or its number has another process', async () => {
    const child = spawn('true');
    const { pid = 0 } = child;
    await once(child, 'close');

    equal(await isLeftover(`kubelet-${pid}-1234-abcdef-node`), true);
    equal(await isLeftover(`kubelet-${process.pid}-1-abcdef-1`), true);
    equal(await isLeftover('kubelet-test'), false);
    equal(await isLeftover(`other-${pid}-1234-abcdef`), false);
  });

  it('take an ended process for gone before anybody has taken notice of it', async () => {
    equal(typeof (await startTime(process.pid)), 'number');
    equal(await startTime(2 ** 22 + 1), undefined);
  });
});
