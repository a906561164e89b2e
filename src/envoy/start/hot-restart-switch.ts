// Whether Envoys of this agent can hand over to each other. It is as configured until the machine turns out not to
// allow it; then it is off for good, and said once.

import type { Log } from '../../runtime/log.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

export class HotRestartSwitch {
  #on: boolean;
  readonly #log: Log;
  readonly #off: () => void;

  /**
   * @param configured false: off from the start, and nothing is said
   * @param off called once when it is off
   */
  constructor(configured: boolean, log: Log, off: () => void) {
    this.#on = configured;
    this.#log = log;
    this.#off = off;
    if (!configured) off();
  }

  get on(): boolean {
    return this.#on;
  }

  /** Turns it off where the machine has no memory to share. */
  async look(memory: Pick<SharedMemory, 'unusable'>): Promise<void> {
    if (!this.#on) return;
    const why = await memory.unusable();
    if (why !== undefined) this.turnOff(why);
  }

  /** @param why shared memory cannot be used */
  turnOff(why: string): void {
    if (!this.#on) return;
    this.#on = false;
    this.#log.warn(`hot restart is off: shared memory cannot be used: ${why}`);
    this.#off();
  }
}
