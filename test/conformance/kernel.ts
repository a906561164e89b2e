// Area `kernel`: whole runs of the command in fresh network namespaces, and what they leave in the kernel.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ahead } from './ahead.ts';
import type { ConformanceCase } from './case.ts';
import { type RealCase, realRunCases } from './kernel/real-runs.ts';

/** Namespaces at a time. */
const CONCURRENCY = 2;

/** @throws when `directory` lacks the area's file */
export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const list = JSON.parse(await readFile(join(directory, 'cases.json'), 'utf8')) as readonly RealCase[];
  yield* ahead(realRunCases(list), CONCURRENCY);
}
