// The workload's bearer token in a file, read at every use: kubelet replaces a projected token at 80 % of its life,
// and re-reading is the whole renewal. The token is shown to nobody.
// Upstream counterpart: istio security/pkg/credentialfetcher/plugin/token.go.

import { CauseLog } from '../../runtime/cause-log.ts';
import type { Clock } from '../../runtime/clock.ts';
import { MINUTE_MS } from '../../runtime/duration.ts';
import { messageOf } from '../../runtime/errors.ts';
import { readSmallFile } from '../../runtime/files.ts';
import type { Log } from '../../runtime/log.ts';
import { TokenExpiry } from './token-expiry.ts';
import { tokenProblem, type TokenSource } from './token-source.ts';

/** How often the file is looked at while nobody uses it: an expired token is to be known before it is needed. */
const LOOK_EVERY_MS = MINUTE_MS;

export class FileToken implements TokenSource {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #faults: CauseLog;
  readonly #expiry: TokenExpiry;

  /** @param deps path: absolute, or relative to the process's directory */
  constructor(deps: { readonly path: string; readonly clock: Clock; readonly log: Log }) {
    this.#path = deps.path;
    this.#clock = deps.clock;
    this.#faults = new CauseLog(deps.log);
    this.#expiry = new TokenExpiry(deps);
  }

  get expiresMs(): number | undefined {
    return this.#expiry.expiresMs;
  }

  /** The token without surrounding blanks; a missing one is warned about and never an error. */
  async read(): Promise<string | undefined> {
    try {
      const token = (await readSmallFile(this.#path)).toString().trim();
      const problem = tokenProblem(token);
      if (problem === undefined) return this.#good(token);
      this.#faults.warn(`failed to fetch token from file: ${this.#path} ${problem}`);
    } catch (error) {
      this.#faults.warn(`failed to fetch token from file: ${messageOf(error)}`);
    }
    return undefined;
  }

  /** Learns of tokens that have come, and of those that have expired, without anyone using them. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(LOOK_EVERY_MS, signal);
      await this.#look();
    }
  }

  #good(token: string): string {
    this.#faults.clear();
    this.#expiry.look(token, `in ${this.#path}`);
    return token;
  }

  async #look(): Promise<void> {
    try {
      this.#expiry.look((await readSmallFile(this.#path)).toString().trim(), `in ${this.#path}`);
    } catch {
      // Whoever needs the token reads it, and says what is wrong; nobody may need it.
    }
  }
}
