// Conformance area `config`: files of vectors, each about one subject. A subject says how the given input is read and
// what is expected of it; a vector is data only.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ConformanceCase } from './case.ts';
import { checkDownwardApi } from './config/downward-api.ts';
import { checkNode } from './config/node.ts';
import { checkPod } from './config/pod.ts';
import { checkServiceCluster } from './config/service-cluster.ts';

interface VectorFile {
  readonly subject: string;
  readonly cases: readonly { readonly name: string; readonly given: never; readonly expected: never }[];
}

type Check = (given: never, expected: never) => void | Promise<void>;

const SUBJECTS: Readonly<Record<string, Check>> = {
  pod: checkPod,
  node: checkNode,
  'downward-api': checkDownwardApi,
  'service-cluster': checkServiceCluster,
};

/** @throws for a file of another subject */
export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort();
  for (const file of files) {
    const { subject, cases } = JSON.parse(await readFile(join(directory, file), 'utf8')) as VectorFile;
    const check = SUBJECTS[subject];
    if (check === undefined) throw new Error(`${file}: unknown subject "${subject}"`);
    for (const { name, given, expected } of cases) {
      yield { name: `${file.replace('.json', '')}: ${name}`, run: async () => check(given, expected) };
    }
  }
}
