// Secrets that cannot be given: Envoy asks for them again until they can, and hears why every time. The log hears it
// once per change of cause.

import { CauseLog } from '../runtime/cause-log.ts';
import type { Log } from '../runtime/log.ts';

/** Names remembered: clients may make up any number. */
const MAX_NAMES = 1000;

export class SecretFaults {
  readonly #log: Log;
  /** Of the names that cannot be given now, the longest known first. */
  readonly #told = new Map<string, CauseLog>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param message cause included. @param id of the stream it ends */
  failed(name: string, message: string, id: number): void {
    const told = this.#told.get(name) ?? new CauseLog(this.#log);
    this.#told.set(name, told);
    const [first] = this.#told.keys();
    if (this.#told.size > MAX_NAMES && first !== undefined) this.#told.delete(first);
    told.warn(`ADS: stream terminated with error: ${message}`, { id });
  }

  /** The next failure of this name is news again. */
  given(name: string): void {
    this.#told.delete(name);
  }
}
