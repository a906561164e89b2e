import { equal } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { readOwnMemoryGroup } from '../../../src/envoy/memory/own-cgroup.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const FILE = { v2: 'memory.events', v1: 'memory.oom_control' };

/** What is read where the membership and the files below the mount are these. */
async function read(
  membership: string,
  files: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  await using folder = await temporaryDirectory();
  const places = { membership: join(folder.path, 'cgroup'), mount: join(folder.path, 'mount') };
  await writeFile(places.membership, membership);
  for (const [name, text] of Object.entries(files)) {
    const path = join(places.mount, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return await readOwnMemoryGroup(FILE, places);
}

describe('readOwnMemoryGroup', () => {
  it('reads the group of version 2', async () => {
    const files = { 'memory.events': 'root', 'pods/a/memory.events': 'own' };

    equal(await read('0::/pods/a\n', files), 'own');
  });

  it('reads the memory controller of version 1, also where version 2 is mounted for something else', async () => {
    const files = { 'memory/pods/a/memory.oom_control': 'own', 'memory.events': 'other' };

    equal(await read('9:name=systemd:/x\n4:cpu,memory:/pods/a\n0::/\n', files), 'own');
  });

  it('takes the root of the mount in a container that knows its group by another name', async () => {
    equal(await read('0::/../../pods/a\n', { 'memory.events': 'own' }), 'own');
    equal(await read('4:memory:/kubepods/a\n', { 'memory/memory.oom_control': 'own' }), 'own');
  });

  it('knows nothing where there is none', async () => {
    equal(await read('', {}), undefined);
    equal(await read('0::/\n', {}), undefined);
  });
});
