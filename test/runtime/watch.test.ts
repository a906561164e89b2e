import { equal } from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { watchFiles, type Watcher } from '../../src/runtime/watch.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('watchFiles', () => {
  let folder: TemporaryDirectory;
  let events: number;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    events = 0;
  });
  afterEach(() => folder.remove());

  function at(name: string): string {
    return join(folder.path, name);
  }

  function watch(...names: string[]): Promise<Watcher> {
    return watchFiles(names.map(at), recordingLog().log, () => (events += 1));
  }

  /** Does something and waits until it was seen. */
  async function seen(change: () => Promise<unknown>): Promise<void> {
    const before = events;
    const unseen = (): boolean => events === before;
    await change();
    const deadlineMs = performance.now() + 1500;
    while (unseen()) {
      if (performance.now() > deadlineMs) throw new Error('not seen');
      await turn();
    }
  }

  it('sees a file come, change, be replaced, and go, again and again', async () => {
    await using _watcher = await watch('a');

    for (let round = 0; round < 2; round += 1) {
      await seen(() => writeFile(at('a'), `first ${round}`));
      await seen(() => writeFile(at('a'), `and second ${round}`));
      await writeFile(at('b'), 'new');
      await seen(() => rename(at('b'), at('a')));
      await seen(() => writeFile(at('a'), 'after it was replaced'));
      await seen(() => rm(at('a')));
    }
  });

  it('sees every swap of the volume a file is in', async () => {
    await mount('1');
    await symlink('..data/a', at('a'));
    await using _watcher = await watch('a');

    await seen(() => mount('2'));
    await seen(() => mount('3'));
  });

  it('sees nothing of other files in the folder', async () => {
    await writeFile(at('a'), '');
    await writeFile(at('other'), '');
    await using _watcher = await watch('a');

    await writeFile(at('other'), 'changed');
    await writeFile(at('new'), '');
    await seen(() => writeFile(at('a'), 'changed'));

    equal(events, 1);
  });

  it('sees the folder come that a file will be in', async () => {
    await using _watcher = await watch('later/a');

    await seen(() => mkdir(at('later')));
  });

  it('sees nothing once it is closed', async () => {
    const watcher = await watch('a');
    const other = await watch('b');
    await watcher.close();
    events = 0;

    await writeFile(at('a'), 'unseen');
    await seen(() => writeFile(at('b'), 'seen'));
    await other.close();

    equal(events, 1);
  });

  /** As the kubelet does. */
  async function mount(version: string): Promise<void> {
    await mkdir(at(`..${version}`));
    await writeFile(at(`..${version}/a`), version);
    await symlink(`..${version}`, at('..data_tmp'));
    await rename(at('..data_tmp'), at('..data'));
  }
});
