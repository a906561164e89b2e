// Area `xds`: vectors and tables through the product's readers and rules, and scripted streams through a real proxy
// between a client on its socket and a control plane behind it. A file nobody has a rule for is a case that fails.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ahead } from './ahead.ts';
import type { ConformanceCase, OmittedCase } from './case.ts';
import { endingCases } from './xds/endings.ts';
import { routingCases } from './xds/routing.ts';
import { scenarioCases } from './xds/scenarios.ts';
import { rootCases, serverNameCases } from './xds/upstream-tls.ts';
import { wireCases } from './xds/wire.ts';

type Case = ConformanceCase | OmittedCase;
type MakeCases = (list: readonly never[]) => Iterable<Case>;

/** By file and the member with the list of its cases. */
const FILES: Readonly<Record<string, Readonly<Record<string, MakeCases>>>> = {
  'status-classification.json': { cases: endingCases },
  'stream-scenarios.json': { scenarios: scenarioCases },
  'type-url-routing.json': { responses: routingCases },
  'upstream-tls-cases.json': { rootCa: rootCases, serverName: serverNameCases },
  'wire-vectors.json': { vectors: wireCases },
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

/** Cases at a time: some have a process of their own, others wait for nothing to happen. */
const CONCURRENCY = 4;

export function cases(directory: string): AsyncIterable<Case> {
  return ahead(read(directory), CONCURRENCY);
}

async function* read(directory: string): AsyncIterable<Case> {
  const names = (await readdir(directory)).filter((name) => name !== 'README.md').toSorted();
  for (const name of names) {
    const data = JSON.parse(await readFile(join(directory, name), 'utf8')) as object;
    const [lists, omitted] = [own(FILES, name), own(LATER, name)];
    if (lists !== undefined) yield* casesOf(name, data, lists);
    else if (omitted !== undefined) yield* idsOf(data, name).map((id) => ({ name: id, omitted }));
    else yield unknown(name);
  }
}

function* casesOf(name: string, data: object, lists: Readonly<Record<string, MakeCases>>): Iterable<Case> {
  for (const [member, list] of Object.entries(data)) {
    const make = own(lists, member);
    if (make !== undefined) yield* make(list as readonly never[]);
    else if (member !== 'about') yield unknown(`${name} ${member}`);
  }
}

function unknown(what: string): ConformanceCase {
  return { name: `unknown: ${what}`, run: async () => assert.fail(`no rule for ${what}`) };
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The ids in the lists of a file; a file without any is one case. */
function idsOf(data: object, name: string): string[] {
  const listed = Object.values(data).filter(Array.isArray).flat() as readonly { readonly id?: unknown }[];
  const ids = listed.map(({ id }) => id).filter((id) => typeof id === 'string');
  return ids.length === 0 ? [name] : ids;
}
