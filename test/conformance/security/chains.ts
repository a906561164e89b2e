// Who is trusted by whom: every certificate of a folder that somebody else signed against every bundle of roots in it,
// and the chains that begin with their root.

import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';

import { verifyChain } from '../../../src/pki/certificates.ts';
import type { ConformanceCase } from '../case.ts';
import { bundles, distinct, hasIssued, isSelfSigned, pemFiles, type PemFile } from './folder.ts';

export async function* chainCases(directory: string, folder: string): AsyncIterable<ConformanceCase> {
  const files = await pemFiles(directory, folder);
  const all = distinct(files);
  for (const leaf of all.filter((certificate) => !isSelfSigned(certificate))) {
    const name = nameOf(leaf, files);
    for (const bundle of bundles(files)) {
      yield {
        name: `chain: ${name} under ${bundle.name}`,
        run: async () => checkTrust(leaf, all, bundle.certificates),
      };
    }
  }
  for (const file of files.filter(beginsWithRoot)) {
    yield { name: `chain: ${file.name} from its end`, run: async () => checkReversed(file) };
  }
}

/** The file that has it first and its place there. */
function nameOf(certificate: X509Certificate, files: readonly PemFile[]): string {
  for (const { name, certificates } of files) {
    const index = certificates.findIndex((each) => each.fingerprint256 === certificate.fingerprint256);
    if (index >= 0) return `${name}[${index}]`;
  }
  return assert.fail('a certificate of no file');
}

function checkTrust(
  leaf: X509Certificate,
  all: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): void {
  const intermediates = all.filter((each) => each.ca && !isSelfSigned(each) && each !== leaf);
  const path = pathOf(leaf, intermediates);
  const nowMs = Math.max(...path.map((each) => each.validFromDate.getTime()));
  const top = path.at(-1) ?? leaf;
  const expected = roots.some((root) => hasIssued(root, top));
  const chain = { leaf, intermediates, roots };
  if (expected) verifyChain(chain, nowMs);
  else assert.throws(() => verifyChain(chain, nowMs), /no trusted issuer/);
}

/** From the leaf up to the last certificate that is no root. */
export function pathOf(leaf: X509Certificate, intermediates: readonly X509Certificate[]): X509Certificate[] {
  const path = [leaf];
  for (;;) {
    const top = path.at(-1) ?? leaf;
    const next = intermediates.find((each) => !path.includes(each) && hasIssued(each, top));
    if (next === undefined) return path;
    path.push(next);
  }
}

function beginsWithRoot({ certificates: [first, second] }: PemFile): boolean {
  return first !== undefined && second !== undefined && isSelfSigned(first);
}

/** Nothing but its order says that the last one is the leaf: each must be signed by the one before. */
function checkReversed({ certificates }: PemFile): void {
  const [root, ...rest] = certificates;
  const leaf = rest.at(-1);
  assert.ok(root && leaf);
  if (isSelfSigned(leaf)) return; // a bundle of roots
  const nowMs = Math.max(...certificates.map((each) => each.validFromDate.getTime()));
  verifyChain({ leaf, intermediates: rest.slice(0, -1), roots: [root] }, nowMs);
  assert.throws(() => verifyChain({ leaf: root, intermediates: rest, roots: [] }, nowMs));
}
