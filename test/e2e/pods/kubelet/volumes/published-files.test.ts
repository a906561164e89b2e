import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { lstat, mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { type TemporaryDirectory, temporaryDirectory } from '../../../../support/temporary-directory.ts';
import type { ProjectedFile } from './projection.ts';
import { publishFiles } from './published-files.ts';

function filesOf(texts: Readonly<Record<string, string>>, mode = 0o644): ReadonlyMap<string, ProjectedFile> {
  return new Map(Object.entries(texts).map(([path, text]) => [path, { text, mode }]));
}

describe('publishFiles', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => (directory = await temporaryDirectory()));
  afterEach(() => directory.remove());

  const publish = (files: ReadonlyMap<string, ProjectedFile>, group?: number): Promise<void> =>
    publishFiles(directory.path, files, group);
  const read = (path: string): Promise<string> => readFile(join(directory.path, path), 'utf8');
  const modeOf = async (path: string): Promise<number> => {
    const real = join(directory.path, await readlink(join(directory.path, '..data')), path);
    return (await lstat(real)).mode & 0o7777;
  };

  it('links each name through ..data to the files of one moment', async () => {
    await publish(filesOf({ token: 'a', 'sub/one': 'b' }));

    equal(await readlink(join(directory.path, 'token')), '..data/token');
    equal(await readlink(join(directory.path, 'sub')), '..data/sub');
    match(await readlink(join(directory.path, '..data')), /^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+$/);
    equal(await read('sub/one'), 'b');
    equal(await modeOf('token'), 0o644);
  });

  it('puts new files in place of the old ones at once and takes these away', async () => {
    await publish(filesOf({ token: 'a', old: 'x' }));
    const before = await readlink(join(directory.path, '..data'));

    await publish(filesOf({ token: 'b', new: 'y' }));

    notEqual(await readlink(join(directory.path, '..data')), before);
    equal(await read('token'), 'b');
    const names = (await readdir(directory.path)).filter((name) => !/^\.\.\d/.test(name));
    deepEqual(names.toSorted(), ['..data', 'new', 'token']);
    equal((await readdir(directory.path)).includes(before), false);
  });

  it('leaves folders alone that others mount into', async () => {
    await mkdir(join(directory.path, 'crl'));

    await publish(filesOf({ 'root.pem': 'r' }));
    await publish(filesOf({ 'root.pem': 's' }));

    equal((await readdir(directory.path)).includes('crl'), true);
  });

  it('lets the group of the pod read files and enter folders', async () => {
    await publish(filesOf({ 'sub/token': 'a' }, 0o600), process.getgid?.());

    equal(await modeOf('sub/token'), 0o640);
    equal((await modeOf('sub')) & 0o2070, 0o2050);
  });
});
