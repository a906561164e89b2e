import { deepEqual, equal } from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { fingerprints, type FileCause, type EnvoyFile } from '../../src/agent/envoy-files.ts';
import { RestartWatcher, type RestartWatcherSettings } from '../../src/agent/restart-watcher.ts';
import { watchFiles } from '../../src/runtime/watch.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

/** Before the files are looked at, then, and afterwards. */
const ASKED_PER_WINDOW = 3;

const SETTINGS: RestartWatcherSettings = { debounceMs: 10_000, jitterMs: 0, restartOnLabelChange: false };

/** A watcher of real files on a clock that the test moves. */
class Watching implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly recorded = recordingLog();
  readonly asked: string[] = [];
  files: EnvoyFile[];
  /** What a restart brings about. */
  restarted: () => void = () => undefined;
  events = 0;
  /** How often the folders were opened. */
  opened = 0;
  #filesAsked = 0;
  watcher!: RestartWatcher;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(files: readonly EnvoyFile[]) {
    this.files = [...files];
  }

  /** Resolves when it watches. */
  static async start(
    files: readonly EnvoyFile[],
    changes: Partial<RestartWatcherSettings> = {},
    random = 0,
  ): Promise<Watching> {
    const made = new Watching(files);
    const { clock, recorded } = made;
    const settings = { ...SETTINGS, ...changes };
    const deps = {
      clock,
      random: () => random,
      log: recorded.log,
      watch: async (paths: readonly string[], onChange: () => void) => {
        const opened = await watchFiles(paths, recorded.log, () => {
          made.events += 1;
          onChange();
        });
        made.opened += 1;
        return opened;
      },
      files: () => ((made.#filesAsked += 1), made.files),
      restart: async (reason: string, { ifChanged = false }) => {
        made.asked.push(ifChanged ? reason : `${reason} in any case`);
        made.restarted();
        return { kind: 'unchanged' } as const;
      },
    };
    made.watcher = new RestartWatcher(deps, settings, await fingerprints(made.files));
    made.#running = made.watcher.run(made.#stop.signal).catch(() => undefined); // ended by the test
    await made.windowOpen();
    await made.pass(settings.debounceMs);
    return made;
  }

  /** Waits until a change was seen. */
  async windowOpen(): Promise<void> {
    await until(() => this.clock.sleepers > 0);
  }

  /** Waits until the watcher saw more changes. */
  async seen(events: number): Promise<void> {
    const target = this.events + events;
    await until(() => this.events >= target);
  }

  /** Moves time on in an open window; when it closes, the files have been looked at. */
  async pass(ms: number): Promise<void> {
    const before = this.#filesAsked;
    await this.clock.tick(ms);
    await until(() => this.clock.sleepers > 0 || this.#filesAsked >= before + ASKED_PER_WINDOW);
  }

  /** Lets window after window close until it holds. */
  async passUntil(holds: () => boolean): Promise<void> {
    await until(() => {
      if (this.clock.sleepers > 0 && !holds()) void this.clock.tick(10_000);
      return holds();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('over'));
    await this.#running;
  }
}

/** Ends with the test at the latest. */
async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 1900;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await turn();
  }
}

/** Kubernetes' way to give a volume new content: one link is replaced. */
async function mount(folder: string, version: number, files: Record<string, string>): Promise<void> {
  const content = `..version-${version}`;
  await mkdir(join(folder, content));
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, content, name), text);
    await symlink(join('..data', name), join(folder, name)).catch(() => undefined); // there since the first version
  }
  await symlink(content, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  await rm(join(folder, `..version-${version - 1}`), { recursive: true, force: true });
}

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
