// Names and series remembered in eight bytes each: 52 bits of a hash stand for the text. Two texts of one page that
// share all of them are not to be expected: with 100,000 series the chance is one in a million.

/** Fingerprints are whole numbers below this, so that the sum of two is exact. */
const RANGE = 2 ** 52;
const SMALLEST = 64;

/**
 * The fingerprint of `text` from `start` to before `end`.
 *
 * @param after the fingerprint of what comes before; the two together stand for both, in this order
 */
export function fingerprint(text: string, start = 0, end = text.length, after = 0): number {
  let low = firstLow(after);
  let high = firstHigh(after);
  for (let index = start; index < end; index += 1) {
    const code = text.charCodeAt(index);
    low = nextLow(low, code);
    high = nextHigh(high, code);
  }
  return finished(low, high);
}

// The steps of it, for those who look at each character for another reason, too: two halves of 32 bits, whole at the end.

export function firstLow(after: number): number {
  return 0x2f0b4c47 ^ after;
}

export function firstHigh(after: number): number {
  return 0x5bd1e995 ^ (after / 2 ** 32);
}

export function nextLow(low: number, code: number): number {
  return Math.imul(low ^ code, 0x9e3779b1);
}

export function nextHigh(high: number, code: number): number {
  return Math.imul(high ^ (high >>> 15) ^ code, 0x85ebca6b);
}

export function finished(low: number, high: number): number {
  const mixedLow = Math.imul(low ^ (low >>> 16) ^ high, 0xc2b2ae35);
  const mixedHigh = Math.imul(high ^ (high >>> 13) ^ (mixedLow >>> 7), 0x27d4eb2f);
  return ((mixedHigh ^ (mixedHigh >>> 15)) >>> 12) * 2 ** 32 + ((mixedLow ^ (mixedLow >>> 14)) >>> 0);
}

/** A fingerprint of both, whichever comes first. */
export function joined(one: number, other: number): number {
  const sum = one + other;
  return sum < RANGE ? sum : sum - RANGE;
}

/** What `whole` is without `part`: undoes `joined`. */
export function without(whole: number, part: number): number {
  const rest = whole - part;
  return rest < 0 ? rest + RANGE : rest;
}

/** A set that is cheap to empty and does not grow without end. */
export class FingerprintSet {
  /** Open addressing; 0 marks a free slot, and at most half of them are taken. */
  #slots = new Float64Array(SMALLEST);
  #size = 0;
  readonly #limit: number;

  /** @param limit how many fit in, which takes 16 bytes each at most */
  constructor(limit: number) {
    this.#limit = limit;
  }

  has(value: number): boolean {
    return this.#slots[this.#slotOf(value)] !== 0;
  }

  /** @returns whether it is in the set because of this call; false: it was there before, or the set is full */
  add(value: number): boolean {
    const slot = this.#slotOf(value);
    if (this.#slots[slot] !== 0 || this.#size >= this.#limit) return false;
    this.#slots[slot] = value || RANGE;
    this.#size += 1;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return true;
  }

  clear(): void {
    if (this.#size === 0) return;
    if (this.#slots.length > SMALLEST) this.#slots = new Float64Array(SMALLEST);
    else this.#slots.fill(0);
    this.#size = 0;
  }

  #slotOf(value: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const wanted = value || RANGE;
    let slot = value & mask;
    while (slots[slot] !== 0 && slots[slot] !== wanted) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(old.length * 2);
    for (const value of old) if (value !== 0) this.#slots[this.#slotOf(value)] = value;
  }
}
