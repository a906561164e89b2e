import { deepEqual, equal } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { memoryKill, oomKills } from '../../../src/envoy/memory/memory-kill.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('oomKills', () => {
  it('reads the count of either version, not that of whole groups', async () => {
    await using folder = await temporaryDirectory();
    const places = { membership: join(folder.path, 'cgroup'), mount: folder.path };
    await writeFile(places.membership, '0::/\n');
    await writeFile(join(folder.path, 'memory.events'), 'low 0\noom 9\noom_kill 3\noom_group_kill 1\n');

    equal(await oomKills(places), 3);

    await writeFile(places.membership, '4:memory:/\n');
    await mkdir(join(folder.path, 'memory'));
    await writeFile(join(folder.path, 'memory/memory.oom_control'), 'under_oom 0\noom_kill 7\n');
    equal(await oomKills(places), 7);
  });

  it('knows none where the kernel does not count', async () => {
    await using folder = await temporaryDirectory();

    equal(await oomKills({ membership: join(folder.path, 'none'), mount: folder.path }), undefined);
  });
});

describe('memoryKill', () => {
  it('is certain only when the count has grown', () => {
    const counts = [
      [3, 4],
      [3, 3],
      [undefined, 4],
      [3, undefined],
    ] as const;

    deepEqual(
      counts.map(([before, after]) => memoryKill(before, after)),
      ['certain', 'no', 'possible', 'possible'],
    );
  });
});
