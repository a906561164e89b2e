import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { lockFinding } from '../../../iptables/checks/lock-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('lockFinding', () => {
  it('is content with a free file, and with none that could not be made', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');

    assert.equal((await lockFinding(path)).state, 'ok');
    await writeFile(path, '');
    assert.equal((await lockFinding(path)).state, 'ok');
  });

  it('fails where the file cannot be made', async () => {
    const { state, id } = await lockFinding('/nowhere/xtables.lock');

    assert.deepEqual({ state, id }, { state: 'fail', id: 'IPT-LOCK-FILE' });
  });

  it('tells who holds the lock', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat']);
    await once(holder.stdout, 'data');

    const { state, found } = await lockFinding(path);

    assert.equal(state, 'warn');
    assert.match(found, new RegExp(`held now by process ${holder.pid}$`));
    holder.stdin.end();
    await once(holder, 'close');
  });
});
