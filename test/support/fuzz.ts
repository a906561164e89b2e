// Properties that are tried for a time instead of a number of examples. The seed is printed; FUZZ_SEED repeats a
// run, FUZZ_SECONDS changes how long each property is tried.

import { ok } from 'node:assert/strict';

import * as fc from 'fast-check';

/** Seconds per property in the ordinary tests. */
export const TEST_SECONDS = 20;
/** Seconds per file in `npm run verify`: of what people write, whose grammars are large, and of all else. */
export const VERIFY_SECONDS = 300;
export const SHORTER_VERIFY_SECONDS = 120;

/** No input may keep the process busy for longer than this, in milliseconds of CPU time. */
const PATIENCE_MS = 2000;

export interface FuzzTarget {
  readonly name: string;
  /** Rejects with the smallest input found that breaks the property, and the seed. */
  readonly run: (seconds: number) => Promise<void>;
}

/** @param examine throws or rejects when the property does not hold for the input */
export function fuzzTarget<T>(
  name: string,
  inputs: fc.Arbitrary<T>,
  examine: (input: T) => void | Promise<void>,
): FuzzTarget {
  const property = fc.asyncProperty(inputs, async (input) => {
    const before = process.cpuUsage();
    await examine(input);
    const { user, system } = process.cpuUsage(before);
    const tookMs = Math.round((user + system) / 1000);
    ok(tookMs <= PATIENCE_MS, `${tookMs} ms of CPU time for one input`);
  });
  const run = async (seconds: number): Promise<void> => {
    const seed = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31));
    const plugins = [fc.interruptAfterTimeLimit(seconds * 1000)];
    const details = await fc.check(property, { seed, numRuns: Number.MAX_SAFE_INTEGER, plugins });
    console.log(`      ${name}: ${details.numRuns} inputs, seed ${seed}`);
    if (details.failed) throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  };
  return { name, run };
}

/** A mocha test of `target`. */
export function itHolds(target: FuzzTarget, seconds: number): void {
  const given = Number(process.env.FUZZ_SECONDS ?? seconds);
  it(`${target.name} (${given} s)`, async function () {
    this.timeout((given + 60) * 1000);

    await target.run(given);
  });
}
