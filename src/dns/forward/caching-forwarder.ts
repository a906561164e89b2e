// A forwarder in front of which answers are kept for their time, and equal questions wait for one answer. Nothing of
// this is upstream's, so it is there for those who ask for it.

import type { Clock } from '../../runtime/clock.ts';
import type { Message } from '../messages/message.ts';
import type { DnsMetrics } from '../metrics.ts';
import { AnswerCache, answerTo } from './answer-cache.ts';
import { cacheKey, sharedKey } from './cache-key.ts';
import type { Protocol } from './exchange.ts';
import type { Forwarder } from './forwarder.ts';

export interface CachingForwarderDeps {
  readonly forwarder: Pick<Forwarder, 'forward' | 'isOwn' | 'hopsOf'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly metrics: Pick<DnsMetrics, 'cacheAsked'>;
}

/** Queries that wait for the answer to another one. Beyond, they are forwarded as if there was no other. */
const MAX_JOINED = 4096;

export class CachingForwarder {
  readonly #deps: CachingForwarderDeps;
  readonly #cache: AnswerCache;
  readonly #underWay = new Map<string, Promise<Message | undefined>>();
  #joined = 0;

  /** @param cacheSize answers, at least 1 */
  constructor(cacheSize: number, deps: CachingForwarderDeps) {
    this.#deps = deps;
    this.#cache = new AnswerCache(cacheSize, deps.clock);
  }

  /** Forgets all answers: others may be asked from now on. */
  clear(): void {
    this.#cache.clear();
    this.#underWay.clear();
  }

  isOwn(query: Message): boolean {
    return this.#deps.forwarder.isOwn(query);
  }

  /** As the forwarder does, or at once. */
  async forward(query: Message, protocol: Protocol): Promise<Message | undefined> {
    const { forwarder, metrics } = this.#deps;
    const key = cacheKey(query);
    // one that has come back must not wait for itself
    if (key === undefined || forwarder.hopsOf(query) > 0) return forwarder.forward(query, protocol);
    const kept = this.#cache.find(key, query);
    const shared = sharedKey(key, query, protocol);
    const underWay = this.#joined < MAX_JOINED ? this.#underWay.get(shared) : undefined;
    metrics.cacheAsked((kept ?? underWay) ? 'hit' : 'miss');
    if (kept !== undefined) return kept;
    return underWay === undefined ? this.#ask(key, shared, query, protocol) : this.#join(underWay, query);
  }

  async #ask(key: string, shared: string, query: Message, protocol: Protocol): Promise<Message | undefined> {
    const asked = this.#deps.forwarder.forward(query, protocol);
    this.#underWay.set(shared, asked);
    try {
      const answer = await asked;
      const isWanted = this.#underWay.get(shared) === asked; // not forgotten meanwhile
      if (answer !== undefined && isWanted) this.#cache.keep(key, answer);
      return answer;
    } finally {
      if (this.#underWay.get(shared) === asked) this.#underWay.delete(shared);
    }
  }

  async #join(underWay: Promise<Message | undefined>, query: Message): Promise<Message | undefined> {
    this.#joined += 1;
    try {
      const answer = await underWay;
      return answer && answerTo(query, answer);
    } finally {
      this.#joined -= 1;
    }
  }
}
