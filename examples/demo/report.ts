// What the demo prints: a line per claim with its figures, and whether all of them held.

export type Write = (line: string) => void;

const TITLE_WIDTH = 17;

/** A claim that turned out to be false; the message says what was seen instead. */
export class ClaimFailed extends Error {}

/** @throws ClaimFailed unless the condition holds */
export function claim(condition: boolean, seen: string): asserts condition {
  if (!condition) throw new ClaimFailed(seen);
}

export class Report {
  readonly #write: Write;
  readonly #signal: AbortSignal;
  #failed = 0;

  /** @param signal once aborted, nothing more is claimed */
  constructor(write: Write, signal: AbortSignal) {
    this.#write = write;
    this.#signal = signal;
  }

  get failed(): number {
    return this.#failed;
  }

  line(text: string): void {
    this.#write(text);
  }

  /**
   * Checks a claim and prints the line.
   *
   * @param check gives the figures to show, or throws
   * @returns false when the claim did not hold
   * @throws the signal's reason
   */
  async check(title: string, check: () => Promise<string>): Promise<boolean> {
    try {
      this.#write(`✓ ${title.padEnd(TITLE_WIDTH)} ${await check()}`);
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#failed += 1;
      this.#write(`✗ ${title.padEnd(TITLE_WIDTH)} ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }
}
