// Area `status`: the rules of the status port as they are, and its answers over real sockets.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ConformanceCase } from './case.ts';
import { httpCases } from './status/http.ts';
import { mergeCases } from './status/merging.ts';
import { probeCases } from './status/probes.ts';
import { readinessCases } from './status/readiness.ts';

/** The value of one file of the area. @throws when it is missing */
export type Load = <T>(name: string) => Promise<T>;

/** @throws when `directory` lacks one of the area's files */
export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const load: Load = async (name) => JSON.parse(await readFile(join(directory, name), 'utf8'));
  yield* readinessCases(load);
  yield* httpCases(load);
  yield* probeCases(load);
  yield* mergeCases(load);
}
