// Which resolvers are asked first: one that failed, or was overtaken by the next, comes after the others for a while.
// Then one query tries it again. All are asked in the end, so this changes who answers, never what.

import type { Clock } from '../../runtime/clock.ts';
import { shuffled } from '../messages/shuffle.ts';
import type { SocketAddress } from '../socket-address.ts';

export interface ResolverHealthDeps {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** How long a resolver comes after those that answer, milliseconds. */
const SUSPECT_MS = 10_000;

export class ResolverHealth {
  readonly #deps: ResolverHealthDeps;
  /** When those that failed last may be tried again. */
  readonly #suspects = new Map<SocketAddress, number>();

  constructor(deps: ResolverHealthDeps) {
    this.#deps = deps;
  }

  isSuspect(resolver: SocketAddress): boolean {
    return this.#suspects.has(resolver);
  }

  answered(resolver: SocketAddress): void {
    this.#suspects.delete(resolver);
  }

  failed(resolver: SocketAddress): void {
    this.#suspects.set(resolver, this.#deps.clock.monotonicMs() + SUSPECT_MS);
  }

  /** In the order in which one query should ask them: random, suspects last but for one that it is time to try. */
  order(resolvers: readonly SocketAddress[]): readonly SocketAddress[] {
    const order = resolvers.length > 1 ? shuffled(resolvers, this.#deps.random) : resolvers;
    if (this.#suspects.size === 0) return order;
    const tried = order.find((resolver) => this.#isDue(resolver));
    if (tried !== undefined) this.failed(tried); // until it answers: no other query tries it meanwhile
    const rank = (resolver: SocketAddress): number =>
      resolver === tried ? 0 : Number(this.isSuspect(resolver)) + 1;
    return order.toSorted((a, b) => rank(a) - rank(b));
  }

  #isDue(resolver: SocketAddress): boolean {
    return this.#deps.clock.monotonicMs() >= (this.#suspects.get(resolver) ?? Infinity);
  }
}
