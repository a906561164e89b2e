// Area `launch`: each case is one start of the agent as a whole process, with a stand-in for Envoy, in a network
// namespace and a working directory of its own. Needs root and iproute2.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ahead } from './ahead.ts';
import type { ConformanceCase } from './case.ts';
import { EnvoyValidation } from './envoy-validation.ts';
import type { LaunchCase } from './launch/launch-case.ts';
import { checkLaunch } from './launch/check.ts';

/** Processes at a time. */
const CONCURRENCY = 2;

/** @throws when `directory` lacks one of the area's files */
export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const list = JSON.parse(await readFile(join(directory, 'cases.json'), 'utf8')) as readonly LaunchCase[];
  const rootCertificate = await readFile(join(directory, 'root-cert.pem'), 'utf8');
  const surroundings = { rootCertificate, validation: await EnvoyValidation.create() };
  const items = list.map((item) => ({ name: item.name, run: () => checkLaunch(item, surroundings) }));
  yield* ahead(items, CONCURRENCY);
  for (const line of surroundings.validation.report()) console.log(line);
}
