// Notices when files may have changed, whatever links lead to them: by events in every directory on the way, and at
// intervals, since a mount need not tell. Whether anything has changed is for the caller to examine.

import { backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { MINUTE_MS } from '../../runtime/duration.ts';
import { abortable } from '../../runtime/tasks.ts';
import type { DirectoryListener, DirectoryWatches } from './directory-watches.ts';
import { directoriesOf, type Directory } from './link-chain.ts';

export interface FilesWatchSettings {
  /** Absolute. */
  readonly paths: readonly string[];
  /** Between two looks without an event, milliseconds; 0: never. */
  readonly pollMs: number;
}

export interface FilesWatchDeps {
  readonly directories: Pick<DirectoryWatches, 'join' | 'leave'>;
  /** Called once the watch stands, and whenever something may have changed; one call at a time. Never rejects. */
  readonly examine: () => Promise<void>;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** How long a burst of events may take; those of a rename come within milliseconds. */
const BURST_MS = 100;

/** Before a directory that could not be watched is tried again. */
const RETRY = { initialMs: 500, maxMs: MINUTE_MS, multiplier: 1.5, jitter: 0.5 };

/** Links replaced while they were followed; more would be a file that is never the same. */
const MAX_ROUNDS = 5;

export class FilesWatch implements AsyncDisposable {
  readonly #settings: FilesWatchSettings;
  readonly #deps: FilesWatchDeps;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #joined: readonly Directory[] = [];
  #hint = Promise.withResolvers<void>();
  /** Times in a row that a directory could not be watched. */
  #failures = 0;
  #incomplete = false;
  #resting = false;

  constructor(settings: FilesWatchSettings, deps: FilesWatchDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#running = this.#run(this.#closing.signal).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) throw error;
    });
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the files are no longer watched'));
    await this.#running;
    this.#leave(this.#joined);
    this.#joined = [];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #listener: DirectoryListener = {
    changed: () => this.#hint.resolve(),
    lost: (directory) => {
      this.#joined = this.#joined.filter((one) => !isSame(one, directory));
      this.#incomplete = true;
      if (this.#resting) this.#hint.resolve(); // else it comes to rest, and tries again in time
    },
  };

  async #run(signal: AbortSignal): Promise<never> {
    for (;;) {
      signal.throwIfAborted();
      this.#hint = Promise.withResolvers(); // what happens from here on is another turn's
      await this.#follow();
      await this.#deps.examine();
      await this.#rest(signal);
    }
  }

  /** Watches the directories that matter now, and no others. */
  async #follow(): Promise<void> {
    this.#incomplete = false;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const wanted = await this.#directories();
      const added = missing(this.#joined, wanted);
      const dropped = missing(wanted, this.#joined);
      if (added.length + dropped.length === 0) return;
      this.#joined = wanted;
      await Promise.all(added.map((directory) => this.#deps.directories.join(directory, this.#listener)));
      this.#leave(dropped);
      if (this.#incomplete) return;
    }
  }

  async #directories(): Promise<Directory[]> {
    const all = (await Promise.all(this.#settings.paths.map(directoriesOf))).flat();
    return all.filter((directory, i) => all.findIndex((other) => isSame(other, directory)) === i);
  }

  #leave(directories: readonly Directory[]): void {
    for (const directory of directories) this.#deps.directories.leave(directory, this.#listener);
  }

  /** Until something may have changed, or a directory is to be tried again. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const { pollMs } = this.#settings;
    if (!this.#incomplete) this.#failures = 0;
    const retryMs = this.#incomplete ? backoffMs(RETRY, this.#failures++, random) : Number.POSITIVE_INFINITY;
    this.#resting = true;
    const hinted = await this.#hintWithin(Math.min(retryMs, pollMs || Number.POSITIVE_INFINITY), signal);
    this.#resting = false;
    if (hinted) await clock.sleep(BURST_MS, signal);
  }

  async #hintWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    const hint = this.#hint.promise.then(() => true);
    if (ms === Number.POSITIVE_INFINITY) return abortable(hint, signal);
    const done = new AbortController();
    const over = this.#deps.clock.sleep(ms, AbortSignal.any([signal, done.signal])).then(() => false);
    try {
      return await Promise.race([hint, over]);
    } finally {
      done.abort();
      await over.catch(() => false); // told to end, or the signal's reason, which is thrown already
    }
  }
}

function missing(from: readonly Directory[], of: readonly Directory[]): Directory[] {
  return of.filter((one) => !from.some((other) => isSame(one, other)));
}

function isSame(a: Directory, b: Directory): boolean {
  return a.path === b.path && a.identity === b.identity;
}
