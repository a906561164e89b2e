// What a soak is, and how growth is told from noise.

export interface SoakOptions {
  readonly forMs: number;
  /** From the start of one round to that of the next. */
  readonly everyMs: number;
  /** One line for people. */
  readonly tell: (line: string) => void;
}

export interface Soak {
  readonly name: string;
  readonly what: string;
  /** Unless told otherwise. */
  readonly everySeconds: number;
  /** Runs its rounds. @returns what was wrong, one line each; empty when nothing was */
  readonly run: (options: SoakOptions) => Promise<readonly string[]>;
}

/** Of the rounds, the first two fill caches; of the others, this many at each end are compared. */
const WARM_UP_ROUNDS = 2;
const COMPARED_ROUNDS = 5;

/**
 * By how much a figure has grown over the rounds: the median of the last ones against that of the first ones.
 *
 * @returns 0 when there are too few rounds to tell
 */
export function growth(values: readonly number[]): number {
  const counted = values.slice(WARM_UP_ROUNDS);
  const ends = Math.min(COMPARED_ROUNDS, Math.floor(counted.length / 2));
  if (ends === 0) return 0;
  return median(counted.slice(-ends)) - median(counted.slice(0, ends));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
