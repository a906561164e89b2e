// Area `xds`: vectors and tables through the product's readers and rules, and scripted streams through a real proxy
// between a client on its socket and a control plane behind it. A file nobody has a rule for is a case that fails.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ConformanceCase, OmittedCase } from './case.ts';
import { endingCases } from './xds/endings.ts';
import { routingCases } from './xds/routing.ts';
import { scenarioCases } from './xds/scenarios.ts';
import { upstreamTlsCases } from './xds/upstream-tls.ts';
import { wireCases } from './xds/wire.ts';

type Cases = Iterable<ConformanceCase | OmittedCase>;

const FILES: Readonly<Record<string, (data: never) => Cases>> = {
  'status-classification.json': endingCases,
  'stream-scenarios.json': scenarioCases,
  'type-url-routing.json': routingCases,
  'upstream-tls-cases.json': upstreamTlsCases,
  'wire-vectors.json': wireCases,
};

/** Files about what the proxy does not do yet, and what that is. */
const LATER: Readonly<Record<string, string>> = {
  'ecds-conversion-cases.json': 'Wasm modules are not replaced by local files',
  'grpc-bootstrap.golden.json': 'the bootstrap of proxyless clients is no part of this area yet',
  'health-probe-cases.json': 'the application is not probed',
  'wasm-cache-cases.json': 'Wasm modules are not fetched',
  'wasm-http-fetch-cases.json': 'Wasm modules are not fetched',
  'wasm-registry-realm-cases.json': 'Wasm modules are not fetched',
};

export async function* cases(directory: string): AsyncIterable<ConformanceCase | OmittedCase> {
  const names = (await readdir(directory)).filter((name) => name !== 'README.md').toSorted();
  for (const name of names) {
    const data = JSON.parse(await readFile(join(directory, name), 'utf8')) as never;
    const [make, omitted] = [own(FILES, name), own(LATER, name)];
    if (make !== undefined) yield* make(data);
    else if (omitted !== undefined) yield* idsOf(data, name).map((id) => ({ name: id, omitted }));
    else yield { name: `unknown: ${name}`, run: async () => assert.fail(`no rule for ${name}`) };
  }
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The ids in a file of cases; a file without any is one case. */
function idsOf(data: unknown, name: string): string[] {
  const ids = [...JSON.stringify(data).matchAll(/"id":"([A-Z]+-\d+)"/g)].map(([, id = '']) => id);
  return ids.length === 0 ? [name] : ids;
}
