// Every key of a folder against every certificate of it, and every file of certificates as a source of secrets: what
// is served must be what is in the files, whatever their dates.

import assert from 'node:assert/strict';

import { certificateFacts, parseCertificates } from '../../../src/pki/certificates.ts';
import { parsePrivateKey } from '../../../src/pki/keys.ts';
import { checkKeyPair } from '../../../src/security/files/key-pair.ts';
import { FileWorld } from '../../security/files/file-world.ts';
import type { ConformanceCase } from '../case.ts';
import { belongsTo, pemFiles, type PemFile } from './folder.ts';

export async function* pairCases(directory: string, folder: string): AsyncIterable<ConformanceCase> {
  const files = await pemFiles(directory, folder);
  const withCertificates = files.filter(({ certificates }) => certificates.length > 0);
  for (const key of files.filter((file) => file.key !== undefined)) {
    yield { name: `pair: ${key.name}`, run: async () => checkKey(key, withCertificates) };
    for (const chain of withCertificates.filter((file) => fits(key, file))) {
      yield { name: `served: ${chain.name} with ${key.name}`, run: () => checkServedPair(chain, key) };
    }
  }
  for (const file of withCertificates) {
    yield { name: `names: ${file.name}`, run: async () => checkNames(file) };
    yield { name: `served: ${file.name} as roots`, run: () => checkServedRoots(file) };
  }
}

function fits({ key }: PemFile, { certificates: [first] }: PemFile): boolean {
  return key !== undefined && belongsTo(key, first);
}

function checkKey(key: PemFile, chains: readonly PemFile[]): void {
  assert.ok(parsePrivateKey(key.text).equals(key.key ?? assert.fail('no key')));
  const accepted = chains.filter((chain) => isAccepted(chain.text, key.text)).map(({ name }) => name);
  assert.deepEqual(
    accepted,
    chains.filter((chain) => fits(key, chain)).map(({ name }) => name),
  );
}

export function isAccepted(chainPem: string, keyPem: string): boolean {
  try {
    checkKeyPair(chainPem, keyPem);
    return true;
  } catch {
    return false; // why is not the question
  }
}

function checkNames({ text, certificates }: PemFile): void {
  const read = parseCertificates(text).map(certificateFacts);
  assert.deepEqual(
    read.map(({ serial, uris }) => ({ serial, uris })),
    certificates.map(({ serialNumber, subjectAltName = '' }) => ({
      serial: serialNumber,
      uris: [...subjectAltName.matchAll(/URI:([^,]+)/g)].map(([, uri]) => uri),
    })),
  );
}

async function checkServedPair(chain: PemFile, key: PemFile): Promise<void> {
  await using world = await FileWorld.create();
  const item = await world.secrets.get(`file-cert:${chain.path}~${key.path}`, AbortSignal.timeout(5000));
  assert.ok(item?.kind === 'certificate');
  assert.equal(item.certificateChainPem.trimEnd(), chain.text.trimEnd());
  assert.equal(item.privateKeyPem.trimEnd(), key.text.trimEnd());
  const count = parseCertificates(item.certificateChainPem).length;
  assert.equal(count, chain.certificates.length);
  assert.deepEqual(world.changes, []);
}

async function checkServedRoots(file: PemFile): Promise<void> {
  await using world = await FileWorld.create();
  const served = (await world.served(`file-root:${file.path}`)) ?? '';
  const fingerprints = parseCertificates(served).map(({ fingerprint256 }) => fingerprint256);
  assert.deepEqual(
    fingerprints,
    file.certificates.map(({ fingerprint256 }) => fingerprint256),
  );
}
