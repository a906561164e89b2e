import { deepEqual, equal } from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fingerprints, type FileCause, type EnvoyFile } from '../../src/agent/envoy-files.ts';
import { RestartWatcher } from '../../src/agent/restart-watcher.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { mount, SETTINGS, until, Watching } from './support/watched-files.ts';

describe('RestartWatcher', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  function input(name: string, cause: FileCause = 'mesh-config'): EnvoyFile {
    return { path: join(folder.path, name), cause };
  }

  async function given(name: string, text: string, cause?: FileCause): Promise<EnvoyFile> {
    const made = input(name, cause);
    await writeFile(made.path, text);
    return made;
  }

  it('U17 asks for a restart, if something changed, when a volume was swapped', async () => {
    await mount(folder.path, 1, { mesh: 'a' });
    await using watching = await Watching.start([input('mesh')]);

    await mount(folder.path, 2, { mesh: 'b' });
    await watching.windowOpen();
    await watching.pass(9_999);
    const early = [...watching.asked];
    await watching.pass(1);
    const first = [...watching.asked];
    await mount(folder.path, 3, { mesh: 'c' });
    await watching.windowOpen();
    await watching.pass(10_000);

    deepEqual([early, first, watching.asked], [[], ['mesh-config'], ['mesh-config', 'mesh-config']]);
  });

  it('U17 looks at a burst once, at the end of the window that its first event opened', async () => {
    const mesh = await given('mesh', '0');
    await using watching = await Watching.start([mesh]);

    await writeFile(mesh.path, '1');
    await watching.windowOpen();
    for (let change = 2; change < 5; change += 1) {
      await watching.pass(3000);
      const seen = watching.seen(1);
      await writeFile(mesh.path, String(change));
      await seen;
    }
    const before = [...watching.asked];
    await watching.pass(1000);
    await watching.clock.tick(60_000);

    deepEqual([before, watching.asked], [[], ['mesh-config']]);
  });

  it('U17 asks when a file is deleted, and when it is there again', async () => {
    const override = await given('override.yaml', 'a: 1', 'bootstrap');
    await using watching = await Watching.start([override]);

    await rm(override.path);
    await watching.windowOpen();
    await watching.pass(10_000);
    const gone = [...watching.asked];
    await writeFile(override.path, 'a: 2');
    await watching.windowOpen();
    await watching.pass(10_000);

    deepEqual([gone, watching.asked], [['bootstrap'], ['bootstrap', 'bootstrap']]);
  });

  it('U17 asks nothing when the files say what they said', async () => {
    await mount(folder.path, 1, { mesh: 'a', annotations: 'x="1"' });
    await using watching = await Watching.start([input('mesh'), input('annotations')]);

    await mount(folder.path, 2, { mesh: 'a', annotations: 'x="1"' });
    await watching.windowOpen();
    await watching.pass(10_000);

    deepEqual(watching.asked, []);
    equal(watching.clock.sleepers, 0);
  });

  it('names every cause once', async () => {
    const files = [
      await given('mesh', '', 'mesh-config'),
      await given('annotations', '', 'mesh-config'),
      await given('custom.json', '', 'bootstrap'),
    ];
    await using watching = await Watching.start(files);

    for (const { path } of files) await writeFile(path, 'new');
    await watching.windowOpen();
    await watching.pass(10_000);

    deepEqual(watching.asked, ['mesh-config, bootstrap']);
  });

  it('waits a random time up to the jitter before it asks', async () => {
    const mesh = await given('mesh', 'a');
    await using watching = await Watching.start([mesh], { jitterMs: 8000 }, 0.5);

    await writeFile(mesh.path, 'b');
    await watching.windowOpen();
    await watching.pass(10_000);
    await watching.clock.tick(3999);
    const early = [...watching.asked];
    await watching.clock.tick(1);

    deepEqual([early, watching.asked], [[], ['mesh-config']]);
  });

  it('sees what changed before it watched', async () => {
    const mesh = await given('mesh', 'a');
    const atStart = await fingerprints([mesh]);
    await writeFile(mesh.path, 'b');
    const asked: string[] = [];
    const clock = new FakeClock();
    const { log } = recordingLog();
    const stop = new AbortController();
    const watcher = new RestartWatcher(
      {
        clock,
        random: () => 0,
        log,
        watch: async () => ({ close: async () => undefined, [Symbol.asyncDispose]: async () => undefined }),
        files: () => [mesh],
        restart: async (reason) => (asked.push(reason), { kind: 'unchanged' }),
      },
      SETTINGS,
      atStart,
    );
    const running = watcher.run(stop.signal).catch(() => undefined);

    await until(() => clock.sleepers > 0);
    await clock.tick(10_000);
    await until(() => asked.length > 0);
    stop.abort();
    await running;

    deepEqual(asked, ['mesh-config']);
  });

  it('finds a file whose folders appear one after the other', async () => {
    const late = input('some/where/mesh');
    await using watching = await Watching.start([late]);

    await mkdir(join(folder.path, 'some'));
    await watching.passUntil(() => watching.opened === 2);
    await mkdir(join(folder.path, 'some/where'));
    await watching.passUntil(() => watching.opened === 3);
    await writeFile(late.path, 'a');
    await watching.passUntil(() => watching.asked.length > 0);

    deepEqual(watching.asked, ['mesh-config']);
  });

  it('watches what the newest configuration names', async () => {
    const mesh = await given('mesh', 'a');
    await using watching = await Watching.start([mesh]);
    const custom = await given('custom.json', 'a', 'bootstrap');

    watching.restarted = () => (watching.files = [mesh, custom]);
    await writeFile(mesh.path, 'b');
    await watching.passUntil(() => watching.asked.length === 2);
    await writeFile(custom.path, 'b');
    await watching.passUntil(() => watching.asked.length === 3);

    deepEqual(watching.asked, ['mesh-config', 'bootstrap', 'bootstrap']);
  });

  it('sees a binary replaced behind the link that leads to it', async () => {
    await mkdir(join(folder.path, 'bin'));
    await mkdir(join(folder.path, 'opt'));
    await writeFile(join(folder.path, 'opt/envoy'), 'old');
    await symlink('../opt/envoy', join(folder.path, 'bin/envoy'));
    await using watching = await Watching.start([input('bin/envoy', 'binary')]);

    await writeFile(join(folder.path, 'opt/envoy.new'), 'new');
    await rename(join(folder.path, 'opt/envoy.new'), join(folder.path, 'opt/envoy'));
    await watching.windowOpen();
    await watching.pass(10_000);

    deepEqual(watching.asked, ['binary']);
  });

  it('does not restart for labels unless told to; it says so once and remembers', async () => {
    const labels = await given('labels', 'app="a"', 'labels');
    await using watching = await Watching.start([labels]);

    const remembered: boolean[] = [];
    for (const text of ['app="b"', 'app="c"', 'app="a"']) {
      await writeFile(labels.path, text);
      await watching.windowOpen();
      await watching.pass(10_000);
      remembered.push(watching.watcher.labelsChanged);
    }

    deepEqual(watching.asked, []);
    deepEqual(remembered, [true, true, false]);
    deepEqual(watching.recorded.messages('warn'), [
      "the pod's labels have changed; Envoy keeps those of its start (RESTART_ON_LABEL_CHANGE=true restarts it)",
    ]);
  });

  it('restarts for labels when told to', async () => {
    const labels = await given('labels', 'app="a"', 'labels');
    await using watching = await Watching.start([labels], { restartOnLabelChange: true });

    await writeFile(labels.path, 'app="b"');
    await watching.windowOpen();
    await watching.pass(10_000);

    deepEqual([watching.asked, watching.watcher.labelsChanged], [['labels'], false]);
  });
});
