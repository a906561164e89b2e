// Conformance area `security`: files of vectors, and folders of certificates on which a rule is tried per file. A folder
// or file nobody has a rule for is a case that fails.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ConformanceCase } from './case.ts';
import { authorityCases } from './security/authorities.ts';
import { badCases } from './security/bad.ts';
import { bundleCases } from './security/bundles.ts';
import { chainCases } from './security/chains.ts';
import { controlPlaneCases } from './security/control-plane.ts';
import { crlCases } from './security/crl.ts';
import { csrCases } from './security/csr.ts';
import { expiryCases } from './security/expiry.ts';
import { foldersOf, pemFiles, type PemFile } from './security/folder.ts';
import { pairCases } from './security/pairs.ts';
import { replacementCases } from './security/replacements.ts';
import { resourceNameCases } from './security/resource-names.ts';
import { rotationCases } from './security/rotation.ts';
import { tokenCases } from './security/tokens.ts';
import { wireCases } from './security/wire.ts';

type VectorCases = (directory: string, data: unknown) => Iterable<ConformanceCase>;

const VECTORS: Readonly<Record<string, VectorCases>> = {
  'bundle-vectors.json': bundleCases,
  'resource-names.json': (_directory, data) => resourceNameCases(data),
  'rotation-vectors.json': (_directory, data) => rotationCases(data),
  'wire-vectors.json': (_directory, data) => wireCases(data),
};

interface Folder {
  readonly directory: string;
  readonly name: string;
  /** Files of the other folders that certificates can be made of. */
  readonly others: readonly PemFile[];
}

type FolderCases = (folder: Folder) => AsyncIterable<ConformanceCase>;

/** What holds for every folder of certificates. */
const ordinary: FolderCases = async function* ({ directory, name }) {
  for (const each of await foldersOf(directory, name)) {
    yield* pairCases(directory, each);
    yield* chainCases(directory, each);
    yield* authorityCases(directory, each);
  }
};

const FOLDERS: Readonly<Record<string, FolderCases>> = {
  bad: ({ directory, name, others }) => badCases(directory, name, others),
  'ca-server': ordinary,
  chains: ordinary,
  'control-plane': async function* (folder) {
    yield* ordinary(folder);
    yield* controlPlaneCases(folder.directory, folder.name, folder.others);
  },
  crl: async function* (folder) {
    yield* ordinary(folder);
    yield* crlCases(folder.directory, folder.name);
  },
  csr: ({ directory, name }) => csrCases(join(directory, name)),
  ecc: ordinary,
  expiry: async function* (folder) {
    yield* ordinary(folder);
    yield* expiryCases(folder.directory, folder.name);
  },
  'file-certs': ordinary,
  'multi-root': ordinary,
  rotated: ordinary,
  spiffe: ordinary,
  tokens: ({ directory, name }) => tokenCases(directory, name),
};

/** Broken on purpose, or no certificates. */
const APART = new Set(['bad', 'csr', 'tokens']);

export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const entries = (await readdir(directory, { withFileTypes: true })).filter(
    ({ name }) => name !== 'README.md',
  );
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  for (const name of files.toSorted()) {
    const make = Object.hasOwn(VECTORS, name) ? VECTORS[name] : undefined;
    if (make === undefined) yield unknownEntry(name);
    else yield* make(directory, JSON.parse(await readFile(join(directory, name), 'utf8')));
  }
  for (const name of folders.toSorted()) {
    const make = Object.hasOwn(FOLDERS, name) ? FOLDERS[name] : undefined;
    if (make === undefined) yield unknownEntry(name);
    else yield* make({ directory, name, others: await filesOf(directory, folders, name) });
  }
  yield* replacementCases(directory, folders.filter((name) => !APART.has(name)).toSorted());
}

function unknownEntry(name: string): ConformanceCase {
  return { name: `unknown: ${name}`, run: async () => assert.fail(`no rule for ${name}`) };
}

async function filesOf(directory: string, folders: readonly string[], except: string): Promise<PemFile[]> {
  const names = folders.filter((name) => name !== except && !APART.has(name)).toSorted();
  return (await Promise.all(names.map((name) => pemFiles(directory, name)))).flat();
}
