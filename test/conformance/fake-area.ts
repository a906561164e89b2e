// An area for the tests of the runner: `cases.json` holds a list of names with their outcome.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Areas } from './areas.ts';
import type { ConformanceArea, ConformanceCase } from './case.ts';

interface FakeCase {
  readonly name: string;
  readonly actual: string;
  readonly expected: string;
}

async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const list = JSON.parse(await readFile(join(directory, 'cases.json'), 'utf8')) as readonly FakeCase[];
  for (const { name, actual, expected } of list) {
    yield { name, run: async () => assert.equal(actual, expected) };
  }
}

const FAKE_AREA: ConformanceArea = { cases };

/** Area `mixed` of the fixtures has two passing cases and a failing one; `empty` has none. */
export const FAKE_AREAS: Areas = {
  mixed: async () => FAKE_AREA,
  empty: async () => FAKE_AREA,
  absent: async () => FAKE_AREA,
};
