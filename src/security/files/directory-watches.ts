// The directories under watch, each watched once for all who want to know. What an event there means is theirs to
// find out.

import { errnoOf, messageOf } from '../../runtime/errors.ts';
import type { CauseLog } from '../../runtime/cause-log.ts';
import type { watchDirectory, Watcher } from '../../runtime/watch.ts';
import type { FileMeter } from './file-meter.ts';
import type { Directory } from './link-chain.ts';

export interface DirectoryListener {
  readonly changed: () => void;
  /** That directory is no longer watched: who still needs it joins again. */
  readonly lost: (directory: Directory) => void;
}

export interface DirectoryWatchesDeps {
  readonly watchDirectory: typeof watchDirectory;
  readonly meter: Pick<FileMeter, 'watchFailed'>;
  readonly faults: CauseLog;
}

interface SharedWatch {
  readonly listeners: Set<DirectoryListener>;
  readonly watcher: Promise<Watcher>;
}

export class DirectoryWatches implements AsyncDisposable {
  readonly #deps: DirectoryWatchesDeps;
  readonly #shared = new Map<string, SharedWatch>();
  readonly #closing = new Set<Promise<void>>();

  constructor(deps: DirectoryWatchesDeps) {
    this.#deps = deps;
  }

  /** Resolves once events reach the listener, or once it was told that they will not. */
  async join(directory: Directory, listener: DirectoryListener): Promise<void> {
    const key = keyOf(directory);
    const shared = this.#shared.get(key) ?? this.#open(directory);
    shared.listeners.add(listener);
    await shared.watcher;
  }

  leave(directory: Directory, listener: DirectoryListener): void {
    const shared = this.#shared.get(keyOf(directory));
    shared?.listeners.delete(listener);
    if (shared?.listeners.size === 0) this.#end(directory);
  }

  /** Directories under watch. */
  get size(): number {
    return this.#shared.size;
  }

  /** Ends all watches. May be called twice. */
  async close(): Promise<void> {
    for (const { watcher } of this.#shared.values()) this.#close(watcher);
    this.#shared.clear();
    await Promise.all(this.#closing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(directory: Directory): SharedWatch {
    const listeners = new Set<DirectoryListener>();
    const watcher = this.#deps.watchDirectory(directory.path, {
      changed: () => listeners.forEach(({ changed }) => changed()),
      failed: (error) => this.#lose(directory, shared, error),
    });
    const shared = { listeners, watcher };
    this.#shared.set(keyOf(directory), shared);
    return shared;
  }

  #lose(directory: Directory, shared: SharedWatch, error: unknown): void {
    if (this.#shared.get(keyOf(directory)) !== shared) return;
    const { meter, faults } = this.#deps;
    meter.watchFailed();
    const text = `failed to add watcher for file certificates in ${directory.path}: ${messageOf(error)}`;
    faults.warn(text, {}, errnoOf(error)); // what one directory lacks, such as watches, all lack
    this.#end(directory);
    for (const { lost } of shared.listeners) lost(directory);
  }

  #end(directory: Directory): void {
    const key = keyOf(directory);
    const shared = this.#shared.get(key);
    this.#shared.delete(key);
    if (shared !== undefined) this.#close(shared.watcher);
  }

  #close(watcher: Promise<Watcher>): void {
    const closed = watcher.then((open) => open.close()).finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}

function keyOf({ path, identity }: Directory): string {
  return `${identity} ${path}`;
}
