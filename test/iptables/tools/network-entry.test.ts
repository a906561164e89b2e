import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { namespaceEntry } from '../../../iptables/tools/network-entry.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

// That another network is entered is tested in test/e2e, where there is one.

describe('namespaceEntry', () => {
  it('enters nothing without a path, and not where this process is already', async () => {
    assert.equal(await namespaceEntry(''), undefined);
    assert.equal(await namespaceEntry('/proc/self/ns/net'), undefined);
    assert.equal(await namespaceEntry(`/proc/${process.pid}/ns/net`), undefined);
  });

  it('takes a plain file for a lock file alone', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'lock');
    await writeFile(path, '');

    assert.equal(await namespaceEntry(path), undefined);
  });

  it('fails when there is nothing at the path', async () => {
    await assert.rejects(namespaceEntry('/proc/self/ns/none'), {
      id: 'IPT-NETNS',
      message: /^--network-namespace /,
    });
  });
});
