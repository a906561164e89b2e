// Keeps a snapshot in step with a configuration directory: a change on disk is read, and replaces the snapshot only
// if all of it is right.

import { join } from 'node:path';

import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { watchPaths, type Watcher } from '../../runtime/watch.ts';
import type { Snapshot } from '../model.ts';
import { readConfigDirectory } from './config-directory.ts';
import type { ResourceEncoder } from './document.ts';
import { ConfigFilesError } from './problem.ts';

/** Changes on disk closer together than this are read once. */
const QUIET_MS = 100;

export interface DirectorySourceDeps {
  readonly directory: string;
  readonly encoder: ResourceEncoder;
  readonly log: Log;
  readonly onSnapshot: (snapshot: Snapshot) => void;
}

export class DirectorySource implements AsyncDisposable {
  readonly #deps: DirectorySourceDeps;
  #watcher: Watcher | undefined;
  #reading: Promise<void> = Promise.resolve();
  /** What the last refusal said, so that events that change nothing say nothing. */
  #refusal = '';

  private constructor(deps: DirectorySourceDeps) {
    this.#deps = deps;
  }

  /**
   * Watches the directory, reads it and hands over the first snapshot; in this order, so that no change is missed.
   *
   * @throws ConfigError when the first state is wrong: there is no good one to keep
   */
  static async open(deps: DirectorySourceDeps): Promise<DirectorySource> {
    const source = new DirectorySource(deps);
    // The name of a mounted volume's swapped link stands for the directory itself, without its parent.
    const inside = join(deps.directory, '..data');
    source.#watcher = await watchPaths([inside], QUIET_MS, deps.log, () => source.#changed());
    try {
      await source.#readFirst();
    } catch (error) {
      await source.close();
      throw error;
    }
    return source;
  }

  async close(): Promise<void> {
    await this.#watcher?.close();
    await this.#reading;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #readFirst(): Promise<void> {
    const { directory, encoder, onSnapshot } = this.#deps;
    const first = readConfigDirectory(directory, encoder).then(onSnapshot);
    this.#reading = first.catch(() => undefined); // whoever opens the source gets the error
    await first;
  }

  /** One reading at a time, so that an older state never replaces a newer one. */
  #changed(): void {
    this.#reading = this.#reading.then(() => this.#read());
  }

  async #read(): Promise<void> {
    const { directory, encoder, log, onSnapshot } = this.#deps;
    try {
      const snapshot = await readConfigDirectory(directory, encoder);
      this.#refusal = '';
      onSnapshot(snapshot);
    } catch (error) {
      const refusal = messageOf(error);
      if (refusal === this.#refusal) return;
      this.#refusal = refusal;
      log.error(`configuration refused, the last good one stays: ${summary(error)}`);
    }
  }
}

/** All mistakes in one line, as a log wants it. */
function summary(error: unknown): string {
  if (!(error instanceof ConfigFilesError)) return messageOf(error);
  return error.problems.join('; ');
}
