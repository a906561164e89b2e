// Steady requests from one workload to another, one after the other, and what became of those that failed.

import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 200;

export interface CallCounts {
  readonly answered: number;
  /** Why the calling Envoy got no answer because of certificates, one text per request. */
  readonly failedHandshakes: readonly string[];
  /** All other failures. */
  readonly otherFailures: readonly string[];
}

/** What Envoy and BoringSSL write into the reason of a failure. */
const HANDSHAKE = /TLS|SSL|certificate/i;

export class Calls implements AsyncDisposable {
  readonly #url: string;
  readonly #ending = new AbortController();
  readonly #failures: string[] = [];
  #answered = 0;
  readonly #done: Promise<void>;

  constructor(url: string) {
    this.#url = url;
    this.#done = this.#send();
  }

  /** So far. */
  counts(): CallCounts {
    return {
      answered: this.#answered,
      failedHandshakes: this.#failures.filter((text) => HANDSHAKE.test(text)),
      otherFailures: this.#failures.filter((text) => !HANDSHAKE.test(text)),
    };
  }

  /** Lets the last request end. */
  async stop(): Promise<CallCounts> {
    this.#ending.abort();
    await this.#done;
    return this.counts();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #send(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        const response = await fetch(this.#url);
        const text = await response.text();
        if (response.ok) this.#answered += 1;
        else this.#failed(`${response.status} ${text}`);
      } catch (error) {
        this.#failed(String(error));
      }
      await sleep(PAUSE_MS);
    }
  }

  #failed(why: string): void {
    this.#failures.push(`${new Date().toISOString()} ${why}`);
  }
}
