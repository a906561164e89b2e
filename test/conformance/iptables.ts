// Conformance area `iptables`: every case of the directory on the product's own functions, with recorded or fake
// tools in place of real ones.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { builderCases } from './iptables/builder.ts';
import type { ConformanceCase } from './case.ts';
import { commandLineCases } from './iptables/command-lines.ts';
import { stateCases } from './iptables/states.ts';
import { traceCases } from './iptables/traces.ts';
import { unitCases } from './iptables/units.ts';

/** @throws when `directory` lacks one of the area's files */
export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const load = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(directory, name), 'utf8'));
  const golden = async (path: string): Promise<string> => readFile(join(directory, path), 'utf8');
  yield* commandLineCases(await load('cases.json'), golden);
  yield* builderCases(await load('builder-cases.json'), golden);
  yield* stateCases(await load('state-cases.json'));
  yield* unitCases(await load('unit-cases.json'));
  yield* traceCases(await load('trace-cases.json'));
}
