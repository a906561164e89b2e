import { ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MIB = 2 ** 20;
const PROGRAM = join(import.meta.dirname, 'size-run.ts');

describe('the memory of a strict page', () => {
  for (const [format, perFamily] of [
    ['text', 1],
    ['openmetrics-1.0.0', 100_000],
  ] as const) {
    it(`is at most 8 MiB for 100,000 samples in ${format}, ${perFamily} in each family`, async () => {
      const args = ['--expose-gc', PROGRAM, format, `${perFamily}`];

      const { stdout } = await promisify(execFile)(process.execPath, args);

      const { bytes, peakBytes } = JSON.parse(stdout) as { bytes: number; peakBytes: number };
      ok(bytes > 5 * MIB, `${bytes} bytes were written`);
      ok(peakBytes > 0.5 * MIB && peakBytes < 8 * MIB, `${(peakBytes / MIB).toFixed(1)} MiB`);
    });
  }
});
