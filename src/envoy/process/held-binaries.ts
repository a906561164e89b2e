// The files of Envoys that were live, kept open: after an upgrade has replaced the file, the old Envoy can still be
// started, even if no process runs it any more. An open file outlives its name.

import { open, type FileHandle } from 'node:fs/promises';

import { fileIdentity } from './file-identity.ts';

/** The active one, the one before that is known to be good, and one in between. */
const MOST = 3;

/** What a launcher needs of them. */
export type BinaryKeeper = Pick<HeldBinaries, 'hold' | 'pathOf' | 'close'>;

export class HeldBinaries {
  /** By identity, the newest last. */
  readonly #files = new Map<string, FileHandle>();
  #work: Promise<void> = Promise.resolve();

  /**
   * Holds the file at the path if it is the one that was started. On failure there is one way back less, which nobody
   * may ever need.
   */
  hold(path: string, id: string | undefined): void {
    if (id === undefined || this.#files.has(id)) return;
    this.#work = this.#work.then(() => this.#open(path, id)).catch(() => undefined);
  }

  /** Where a process of the agent's own user finds it; undefined: it is not held. */
  pathOf(id: string | undefined): string | undefined {
    const file = id === undefined ? undefined : this.#files.get(id);
    return file === undefined ? undefined : pathTo(file);
  }

  /** Lets go of all. May be called twice. */
  async close(): Promise<void> {
    await this.#work;
    for (const [id, file] of this.#files) {
      this.#files.delete(id);
      await file.close();
    }
  }

  async #open(path: string, id: string): Promise<void> {
    if (this.#files.has(id)) return;
    const file = await open(path, 'r');
    if ((await fileIdentity(pathTo(file))) !== id) return file.close(); // replaced since
    this.#files.set(id, file);
    const [oldest] = this.#files;
    if (this.#files.size <= MOST || oldest === undefined) return;
    this.#files.delete(oldest[0]);
    await oldest[1].close();
  }
}

function pathTo({ fd }: FileHandle): string {
  return `/proc/${process.pid}/fd/${fd}`;
}
