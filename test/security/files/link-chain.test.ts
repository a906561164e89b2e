// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, notEqual } from 'node:assert/strict';
import { mkdir, realpath, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { directoriesOf } from '../../../src/security/files/link-chain.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

describe('directoriesOf', () => {
  let folder: TemporaryDirectory;
  let root: string;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    root = await realpath(folder.path);
    await mkdir(join(root, 'a/b'), { recursive: true });
    await writeFile(join(root, 'a/b/f'), '');
  });
  afterEach(() => folder.remove());

  /** Below the folder; `.` is the folder itself. */
  async function found(path: string): Promise<string[]> {
    const directories = await directoriesOf(join(root, path));
    return directories.map((one) => one.path.slice(root.length + 1) || '.');
  }

  it('names the directory of a plain file', async () => {
    deepEqual(await found('a/b/f'), ['a/b']);
    deepEqual(await found('a/./b/../b/f'), ['a/b']);
  });

  it('names the directory of every link on the way', async () => {
    await symlink('a', join(root, 'first'));
    await symlink(join(root, 'first/b'), join(root, 'a/second'));
    await symlink('second/f', join(root, 'a/third'));

    deepEqual(await found('first/third'), ['.', 'a', 'a/b']);
  });

  it('follows a link upwards', async () => {
    await mkdir(join(root, 'c'));
    await symlink('../a/b/f', join(root, 'c/up'));

    deepEqual(await found('c/up'), ['c', 'a/b']);
  });

  it('47: names the directory in which a missing file would be, or the nearest above it', async () => {
    await symlink('none/at/all', join(root, 'broken'));

    deepEqual(await found('a/b/none'), ['a/b']);
    deepEqual(await found('a/none/f'), ['a']);
    deepEqual(await found('broken'), ['.']);
    deepEqual(await found('a/b/f/below'), ['a/b']);
  });

  it('ends with a loop', async () => {
    await symlink('loop', join(root, 'loop'));

    deepEqual(await found('loop'), ['.']);
  });

  it('tells a directory from the one that had its path before', async () => {
    const [before] = await directoriesOf(join(root, 'a/b/f'));

    await rename(join(root, 'a/b'), join(root, 'a/old'));
    await mkdir(join(root, 'a/b'));

    const [after] = await directoriesOf(join(root, 'a/b/f'));
    notEqual(after?.identity, before?.identity);
  });
});
