// Ends waits before their time, when what they were for has changed.

export class WakeUp {
  #calling = new AbortController();

  /** Ends every wait that is under way. */
  call(): void {
    this.#calling.abort();
    this.#calling = new AbortController();
  }

  /** Waits until `wait` is over, or until the next call, whichever is first. @throws what `wait` throws by itself */
  async unlessCalled(wait: (within: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const calling = this.#calling.signal;
    try {
      await wait(AbortSignal.any([signal, calling]));
    } catch (error) {
      signal.throwIfAborted();
      if (!calling.aborted) throw error;
    }
  }
}
