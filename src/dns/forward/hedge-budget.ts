// How many questions may be asked twice: a tenth of all, and some at once. Resolvers that are all slow, perhaps because
// they have too much to do, get that much more to do and no more.

/** Second questions for each query that is forwarded. */
const SHARE = 0.1;
const AT_ONCE = 256;

export class HedgeBudget {
  #left = AT_ONCE;

  /** A query is forwarded. */
  earn(): void {
    this.#left = Math.min(AT_ONCE, this.#left + SHARE);
  }

  /** False when there is nothing left. */
  spend(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
