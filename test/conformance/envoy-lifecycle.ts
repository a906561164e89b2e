// Area `envoy-lifecycle`: command lines, tables of numbers, and what was measured with the real Envoy, held against
// the product, the fake Envoy and, where one is at hand, the real Envoy itself.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ConformanceCase } from './case.ts';
import { argumentCases } from './envoy-lifecycle/arguments.ts';
import { factCases } from './envoy-lifecycle/facts.ts';
import { backoffCases, connectionCases } from './envoy-lifecycle/numbers.ts';
import { realEnvoyCases } from './envoy-lifecycle/real-envoy.ts';

/** @throws when `directory` lacks one of the area's files */
export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const load = async (name: string): Promise<never> =>
    JSON.parse(await readFile(join(directory, name), 'utf8')) as never;
  yield* argumentCases(await load('envoy-args.json'));
  yield* connectionCases(await load('active-connections.json'));
  yield* backoffCases(await load('restart-backoff.json'));
  yield* factCases(await load('real/facts.json'));
  yield* realEnvoyCases(join(directory, 'real'));
}
