// Secrets that cannot be given: Envoy asks for them again until they can, and hears why every time. The log hears it
// once per change of cause.

import { CauseLogs } from '../runtime/cause-log.ts';
import type { Log } from '../runtime/log.ts';

export class SecretFaults {
  readonly #causes: CauseLogs;

  constructor(log: Log) {
    this.#causes = new CauseLogs(log);
  }

  /** @param message cause included. @param id of the stream it ends */
  failed(name: string, message: string, id: number): void {
    this.#causes.of(name).warn(`ADS: stream terminated with error: ${message}`, { id });
  }

  /** The next failure of this name is news again. */
  given(name: string): void {
    this.#causes.clear(name);
  }
}
