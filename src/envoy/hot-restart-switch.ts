// Whether Envoys of this agent can hand over to each other. It is as configured until the machine turns out not to
// allow it; then it is off for good, and said once.

import type { Log } from '../runtime/log.ts';

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

  /** @param why shared memory cannot be used */
  turnOff(why: string): void {
    if (!this.#on) return;
    this.#on = false;
    this.#log.warn(`hot restart is off: shared memory cannot be used: ${why}`);
    this.#off();
  }
}
