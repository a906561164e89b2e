// The bit that a failed candidate leaves set in the shared memory of its line: with it no other can start. It is read
// and cleared only when the candidate's exit was seen and nothing else is starting.

import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Epoch } from '../process/epoch.ts';
import type { FlagState, SharedMemory } from './shared-memory.ts';

export class StuckFlag {
  readonly #memory: SharedMemory;
  readonly #log: Log;

  constructor(memory: SharedMemory, log: Log) {
    this.#memory = memory;
    this.#log = log;
  }

  /** A region that cannot be read is as good as none. */
  async read({ launch: { baseId } }: Epoch): Promise<FlagState> {
    return baseId === undefined ? 'unknown' : this.#memory.flag(baseId).catch(() => 'unknown');
  }

  /** @returns the state afterwards; anything but `clear`: no hot restart until a cold one */
  async repair({ launch: { baseId } }: Epoch): Promise<FlagState> {
    if (baseId === undefined) return 'unknown';
    return this.#memory.repair(baseId).catch((error: unknown) => {
      this.#log.warn(`cannot repair the shared memory region: ${messageOf(error)}`);
      return 'unknown';
    });
  }
}
