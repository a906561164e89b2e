import { deepEqual, equal } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { zombiesOf } from '../../src/runtime/zombies.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('zombiesOf', () => {
  it('finds ended children of that process, whatever they call themselves', async () => {
    await using root = await temporaryDirectory();
    const stats = {
      7: '7 (sleep) S 1 7 7 0',
      8: '8 (a) Z (b) Z 1 8 8 0',
      9: '9 (cat) Z 2 9 9 0',
      10: '10 (Z 1) R 1 10 10 0',
      meminfo: '11 (x) Z 1 11',
    };
    for (const [name, stat] of Object.entries(stats)) {
      await mkdir(join(root.path, name));
      await writeFile(join(root.path, name, 'stat'), stat);
    }
    await mkdir(join(root.path, '12')); // gone between the listing and the look

    deepEqual(await zombiesOf(1, root.path), [8]);
  });

  it('finds a real one', async () => {
    // the shell becomes a process that knows nothing of its child
    const parent = spawn('sh', ['-c', 'true & exec sleep 60'], { stdio: 'ignore' });
    await once(parent, 'spawn');

    let found: readonly number[] = [];
    while (found.length === 0) found = await zombiesOf(parent.pid ?? 0);
    parent.kill('SIGKILL');
    await once(parent, 'exit');

    equal(found.length, 1);
  });
});
