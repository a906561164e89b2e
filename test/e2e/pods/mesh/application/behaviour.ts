// What the ports of the application were told and what happens to them.

export class Behaviour {
  readonly #failing = new Set<number>();
  readonly #requests = new Map<number, number>();
  #unanswered = 0;

  /** Requests that wait for their answer. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Counts a request of a port while `work` answers it. */
  async request(port: number, work: () => Promise<void> | void): Promise<void> {
    this.#requests.set(port, this.requests(port) + 1);
    this.#unanswered++;
    try {
      await work();
    } finally {
      this.#unanswered--;
    }
  }

  requests(port: number): number {
    return this.#requests.get(port) ?? 0;
  }

  /** From now on the port answers 503, and "not serving" when gRPC asks for its health. */
  fail(port: number): void {
    this.#failing.add(port);
  }

  recover(port: number): void {
    this.#failing.delete(port);
  }

  fails(port: number): boolean {
    return this.#failing.has(port);
  }
}
