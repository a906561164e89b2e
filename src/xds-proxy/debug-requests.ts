// The debug requests of one stream that are not answered yet. An answer repeats the type and nothing else of its
// request; but a control plane answers one request after the other, so the oldest one of a type is meant.

import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';

/** After this time no answer is expected any more: a request that got none must not take that of the next one. */
const FORGOTTEN_AFTER_MS = 30 * SECOND_MS;

/** Of types with requests that wait, and of requests of one type: a client may make up any number. */
const MAX_TYPES = 64;
const MAX_WAITING = 1000;

interface Unanswered {
  readonly sentMs: number;
  /** Undefined: Envoy has asked, which gets no answers of this kind. */
  readonly deliver: ((bytes: Buffer) => void) | undefined;
}

export class DebugRequests {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #byType = new Map<string, Unanswered[]>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Takes note of a request of the agent. @returns the response to it, as it came; never rejects */
  expect(typeUrl: string): Promise<Buffer> {
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    this.#add(typeUrl, resolve);
    return promise;
  }

  /** Takes note of a request of Envoy, so that the response to it is taken for none of ours. */
  pass(typeUrl: string): void {
    this.#add(typeUrl, undefined);
  }

  /**
   * Gives a response to whoever asked; when that one has given up meanwhile, it is lost.
   *
   * @returns false when the agent did not ask
   */
  answer(typeUrl: string, bytes: Buffer): boolean {
    const asked = this.#fresh(typeUrl).shift();
    asked?.deliver?.(bytes);
    return asked?.deliver !== undefined;
  }

  #add(typeUrl: string, deliver: Unanswered['deliver']): void {
    const list = this.#fresh(typeUrl);
    if (list.length >= MAX_WAITING) list.shift();
    const [oldest] = this.#byType.keys();
    if (oldest !== undefined && this.#byType.size >= MAX_TYPES && !this.#byType.has(typeUrl)) {
      this.#byType.delete(oldest);
    }
    list.push({ sentMs: this.#clock.monotonicMs(), deliver });
    this.#byType.set(typeUrl, list);
  }

  #fresh(typeUrl: string): Unanswered[] {
    const nowMs = this.#clock.monotonicMs();
    const list = this.#byType.get(typeUrl) ?? [];
    while (list[0] !== undefined && nowMs - list[0].sentMs >= FORGOTTEN_AFTER_MS) list.shift();
    return list;
  }
}
