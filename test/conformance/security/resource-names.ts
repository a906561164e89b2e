// `resource-names.json`: names of secrets in files, and SPIFFE ids.

import assert from 'node:assert/strict';

import { formatSpiffeId, parseSpiffeId, type SpiffeId } from '../../../src/pki/spiffe.ts';
import { parseFileResource } from '../../../src/security/files/resource-name.ts';
import type { ConformanceCase } from '../case.ts';

interface Paths {
  readonly certificate: string;
  readonly privateKey: string;
  readonly ca: string;
}

interface ParseRow extends Paths {
  readonly name: string;
  readonly ok: boolean;
}

interface FormatRow extends Paths {
  readonly keyName: string;
  readonly rootName: string;
}

interface SpiffeRow {
  readonly in: string;
  readonly out?: SpiffeId;
  readonly error?: string;
}

interface Vectors {
  readonly parse: readonly ParseRow[];
  readonly format: readonly FormatRow[];
  readonly spiffe: {
    readonly parse: readonly SpiffeRow[];
    readonly format: readonly (SpiffeId & { readonly out: string })[];
  };
}

export function* resourceNameCases(data: unknown): Iterable<ConformanceCase> {
  const { parse, format, spiffe, ...unknown } = data as Vectors;
  assert.deepEqual(Object.keys(unknown), [], 'lists nobody knows');
  for (const row of parse) yield { name: `name: ${row.name}`, run: async () => checkParsed(row) };
  for (const [index, row] of format.entries()) {
    yield { name: `name: written ${index}`, run: async () => checkWritten(row) };
  }
  for (const row of spiffe.parse) yield { name: `spiffe: ${row.in}`, run: async () => checkSpiffe(row) };
  for (const { out, ...id } of spiffe.format) {
    yield { name: `spiffe: writes ${out}`, run: async () => assert.equal(formatSpiffeId(id), out) };
  }
}

function pathsIn(name: string): Paths | undefined {
  const resource = parseFileResource(name);
  if (resource === undefined) return undefined;
  const { kind, ...paths } = resource;
  const none = { certificate: '', privateKey: '', ca: '' };
  return kind === 'root' ? { ...none, ca: resource.path } : { ...none, ...paths };
}

function checkParsed({ name, ok, certificate, privateKey, ca }: ParseRow): void {
  assert.deepEqual(pathsIn(name), ok ? { certificate, privateKey, ca } : undefined);
}

/** The control plane writes the names; the agent has to read back what they were written from. */
function checkWritten({ keyName, rootName, certificate, privateKey, ca }: FormatRow): void {
  assert.deepEqual(pathsIn(keyName), keyName === '' ? undefined : { certificate, privateKey, ca: '' });
  assert.deepEqual(pathsIn(rootName), rootName === '' ? undefined : { certificate: '', privateKey: '', ca });
}

/** What the reference reports as an error is no id here. */
function checkSpiffe({ in: text, out, error }: SpiffeRow): void {
  assert.ok(out !== undefined || error !== undefined, 'the row expects nothing');
  assert.deepEqual(parseSpiffeId(text), out);
}
