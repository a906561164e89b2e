// The identity token of a virtual machine of Google Cloud, asked of its metadata server and left in the token's file
// for others. Upstream counterpart: istio security/pkg/credentialfetcher/plugin/gce.go.

import { CauseLog } from '../../runtime/cause-log.ts';
import type { Clock } from '../../runtime/clock.ts';
import { MINUTE_MS, SECOND_MS } from '../../runtime/duration.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';
import { writeFileAtomic } from '../../runtime/files.ts';
import type { Log } from '../../runtime/log.ts';
import { TokenExpiry } from './token-expiry.ts';
import { tokenProblem, type TokenSource } from './token-source.ts';

export interface GceTokenSettings {
  /** `http://` and a host. */
  readonly metadataServer: string;
  /** For whom the token is, the trust domain. */
  readonly audience: string;
  /** Where the token is written, absolute. */
  readonly path: string;
}

/** A question to the metadata server. */
export interface TokenQuestion {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface GceTokenDeps {
  /** The body of a successful answer. @throws AgentError */
  readonly ask: (question: TokenQuestion, signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
}

const IDENTITY = '/computeMetadata/v1/instance/service-accounts/default/identity';
const TIMEOUT_MS = 5 * SECOND_MS;
const CHECK_EVERY_MS = 5 * MINUTE_MS;
const RENEW_BEFORE_MS = 25 * MINUTE_MS;
const FILE_MODE = 0o640;

export class GceToken implements TokenSource {
  readonly #settings: GceTokenSettings;
  readonly #deps: GceTokenDeps;
  readonly #expiry: TokenExpiry;
  readonly #faults: CauseLog;
  #token: string | undefined;

  constructor(settings: GceTokenSettings, deps: GceTokenDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#expiry = new TokenExpiry(deps);
    this.#faults = new CauseLog(deps.log);
  }

  get expiresMs(): number | undefined {
    return this.#expiry.expiresMs;
  }

  /** A token of this moment; the one before when there is none to get and that one is still good. */
  async read(signal: AbortSignal): Promise<string> {
    if (this.#settings.path === '') throw new AgentError('fetch platform credential: jwtPath is unset');
    try {
      this.#token = await this.#fetch(signal);
      this.#faults.clear();
    } catch (error) {
      signal.throwIfAborted();
      const text = `fetch platform credential: ${messageOf(error)}`;
      if (this.#lifeMs() <= 0) throw new AgentError(text, { retryable: true, cause: error });
      this.#faults.warn(`${text}; the token before is still good`);
    }
    return this.#token ?? '';
  }

  /** Has a token ready that is good for 25 minutes. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(CHECK_EVERY_MS, signal);
      if (this.expiresMs !== undefined && this.#lifeMs() >= RENEW_BEFORE_MS) continue;
      try {
        await this.read(signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#faults.warn(messageOf(error));
      }
    }
  }

  /** Of the token at hand; endless when it names no end, and 0 without one. */
  #lifeMs(): number {
    if (this.#token === undefined) return 0;
    return (this.expiresMs ?? Infinity) - this.#deps.clock.now();
  }

  async #fetch(signal: AbortSignal): Promise<string> {
    const { metadataServer, audience } = this.#settings;
    const url = `${metadataServer}${IDENTITY}?audience=${encodeURIComponent(audience)}&format=full`;
    const question = { url, headers: { 'Metadata-Flavor': 'Google' }, timeoutMs: TIMEOUT_MS };
    const token = (await this.#deps.ask(question, signal)).trim();
    const problem = tokenProblem(token);
    if (problem !== undefined) throw new AgentError(`the token of ${metadataServer} ${problem}`);
    this.#expiry.look(token, `of ${metadataServer}`);
    if (token !== this.#token) await this.#write(token);
    return token;
  }

  async #write(token: string): Promise<void> {
    try {
      await writeFileAtomic(this.#settings.path, token, FILE_MODE);
    } catch (error) {
      // This agent has the token in memory; the file is for others.
      this.#deps.log.warn(`cannot write the token: ${messageOf(error)}`);
    }
  }
}
