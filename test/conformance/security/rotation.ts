// `rotation-vectors.json`: when a certificate is replaced, exactly, within a range, and with random numbers forced.

import assert from 'node:assert/strict';

import { rotateAtMs } from '../../../src/security/rotation.ts';
import type { ConformanceCase } from '../case.ts';

interface Row {
  readonly name: string;
  readonly created: number;
  readonly expire: number;
  readonly ratio: number;
  readonly jitter: number;
}

interface Exact extends Row {
  readonly expected: number;
  readonly toleranceMs: number;
}

interface Range extends Row {
  readonly min: number;
  readonly max: number;
  readonly samples: number;
}

interface Forced extends Row {
  readonly rand: number;
  readonly sign: number;
  readonly expected: number;
}

interface Vectors {
  readonly exact: readonly Exact[];
  readonly ranges: readonly Range[];
  readonly forcedRandom: readonly Forced[];
}

export function* rotationCases(data: unknown): Iterable<ConformanceCase> {
  const { exact, ranges, forcedRandom, ...unknown } = data as Vectors & { note?: string };
  delete unknown.note;
  assert.deepEqual(Object.keys(unknown), [], 'lists nobody knows');
  for (const row of exact) yield { name: `rotation: ${row.name}`, run: async () => checkExact(row) };
  for (const row of ranges) yield { name: `rotation: ${row.name}`, run: async () => checkRange(row) };
  for (const row of forcedRandom) yield { name: `rotation: ${row.name}`, run: async () => checkForced(row) };
}

/** Now is 0. */
function delayMs({ created, expire, ratio, jitter }: Row, random = Math.random): number {
  const life = { createdMs: created, expiresMs: expire };
  return Math.max(0, rotateAtMs(life, { graceRatio: ratio, graceRatioJitter: jitter }, random));
}

function checkExact(row: Exact): void {
  const actual = delayMs(row);
  assert.ok(Math.abs(actual - row.expected) <= row.toleranceMs, `${actual} ms, expected ${row.expected} ms`);
}

function checkRange(row: Range): void {
  for (let sample = 0; sample < row.samples; sample += 1) {
    const actual = delayMs(row);
    assert.ok(actual >= row.min && actual <= row.max, `${actual} ms is not in ${row.min}..${row.max}`);
  }
}

/** The sign is drawn before the size. */
function checkForced(row: Forced): void {
  const draws = [row.sign < 0 ? 0 : 0.5, row.rand];
  const random = (): number => draws.shift() ?? assert.fail('more than two random numbers');
  assert.equal(Math.round(delayMs(row, random)), row.expected);
}
