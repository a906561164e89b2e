// Files that a test changes, as people and as Kubernetes do, and a watcher over them whose time the test moves.

import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { fingerprints, type EnvoyFile } from '../../../src/agent/envoy-files.ts';
import { RestartWatcher, type RestartWatcherSettings } from '../../../src/agent/restart-watcher.ts';
import { watchFiles } from '../../../src/runtime/watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';

/** Before the files are looked at, then, and afterwards. */
const ASKED_PER_WINDOW = 3;

export const SETTINGS: RestartWatcherSettings = {
  debounceMs: 10_000,
  jitterMs: 0,
  restartOnLabelChange: false,
};

/** A watcher of real files on a clock that the test moves. */
export class Watching implements AsyncDisposable {
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
export async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 1900;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await turn();
  }
}

/** Kubernetes' way to give a volume new content: one link is replaced. */
export async function mount(folder: string, version: number, files: Record<string, string>): Promise<void> {
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
