import { equal, match } from 'node:assert/strict';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { watchDirectory } from '../../src/runtime/watch.ts';
import { turns, until } from '../security/progress.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('watchDirectory', () => {
  let folder: TemporaryDirectory;
  let changes: number;
  const events = { changed: (): void => void (changes += 1), failed: (): void => undefined };
  beforeEach(async () => {
    folder = await temporaryDirectory();
    changes = 0;
  });
  afterEach(() => folder.remove());

  it('tells of files made, written and replaced, and of links', async () => {
    await using _watcher = await watchDirectory(folder.path, events);
    for (const change of [
      () => writeFile(join(folder.path, 'a'), '1'),
      () => writeFile(join(folder.path, 'a'), '2'),
      () => symlink('a', join(folder.path, 'new')),
      () => rename(join(folder.path, 'new'), join(folder.path, 'a')),
    ]) {
      const before = changes;
      await change();
      await until(() => changes > before);
    }
  });

  it('is silent about what lies below', async () => {
    await mkdir(join(folder.path, 'below'));
    await using _watcher = await watchDirectory(folder.path, events);

    await writeFile(join(folder.path, 'below/a'), '1');
    await turns();
    equal(changes, 0);
    await writeFile(join(folder.path, 'own'), '1');
    await until(() => changes > 0);
  });

  it('says what cannot be watched', async () => {
    const path = join(folder.path, 'loop');
    await symlink('loop', path);
    const failures: unknown[] = [];

    await using _watcher = await watchDirectory(`${path}/x`, {
      ...events,
      failed: (error) => failures.push(error),
    });

    match(String(failures[0]), /ELOOP/);
  });
});
