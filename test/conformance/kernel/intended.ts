// What is right where the recorded run is known to be wrong.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Step } from './real-runs.ts';

type Correction = (steps: readonly Step[]) => Promise<readonly Step[]> | readonly Step[];

const CORRECTIONS: Readonly<Record<string, Correction>> = {
  'seq-apply-twice-auto': ([first, second]) =>
    first && second ? [first, { ...second, expected: first.expected }] : assert.fail('two steps'),
  'seq-tproxy-apply-cleanup': ([first, second]) =>
    first && second ? [first, { ...second, expected: { exitCode: 0 } }] : assert.fail('two steps'),
  'dry-run-native': (steps) => steps.map((step) => ({ ...step, expected: { exitCode: 0 } })),
  'native-v6-dns-only': async (steps) => {
    const nftRuleset = (
      await readFile(join(import.meta.dirname, 'native-v6-dns-only.nft'), 'utf8')
    ).trimEnd();
    return steps.map((step) => ({ ...step, expected: { exitCode: 0, nftRuleset } }));
  },
};

/** @param name of a case that is marked as a deviation */
export async function intendedSteps(name: string, steps: readonly Step[]): Promise<readonly Step[]> {
  return (CORRECTIONS[name] ?? assert.fail(`no intended outcome for ${name}`))(steps);
}
