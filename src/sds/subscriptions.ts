// Which secrets anybody watches, over all streams: the source may stop looking after a name that nobody does.

export class Subscriptions {
  /** Streams per name; never 0. */
  readonly #counts = new Map<string, number>();
  readonly #release: (name: string) => void;

  /** @param release called when the last stream that watched a name does not any more */
  constructor(release: (name: string) => void) {
    this.#release = release;
  }

  /** One stream watches other names than before; an empty set when it ends. */
  replace(before: ReadonlySet<string>, now: ReadonlySet<string>): void {
    for (const name of now) if (!before.has(name)) this.#counts.set(name, this.#count(name) + 1);
    for (const name of before) if (!now.has(name)) this.#drop(name);
  }

  #drop(name: string): void {
    const left = this.#count(name) - 1;
    if (left > 0) this.#counts.set(name, left);
    else if (this.#counts.delete(name)) this.#release(name);
  }

  #count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }
}
