// `csr`: requests made by the product against the fragments, and the requests and keys of the folder read by it.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { makeCsr, parseCsr } from '../../../src/pki/csr.ts';
import { bytesOf, childrenOf, decodeDer, encodeDer, objectIdOf } from '../../../src/pki/der.ts';
import {
  generateKeys,
  keyAlgorithmOf,
  parsePrivateKey,
  privateKeyPem,
  type KeyPair,
} from '../../../src/pki/keys.ts';
import { parsePem } from '../../../src/pki/pem.ts';
import { createPublicKey } from 'node:crypto';
import type { ConformanceCase } from '../case.ts';

interface Fragments {
  readonly spiffeId: string;
  readonly subjectDerHex: string;
  readonly sanExtensionDerHex: string;
  readonly attributesDerHex: string;
  readonly signatureAlgorithm: Readonly<Record<string, Algorithm>>;
}

interface Algorithm {
  readonly oid: string;
  readonly parametersDerHex: string | null;
}

export async function* csrCases(directory: string): AsyncIterable<ConformanceCase> {
  const names = (await readdir(directory)).toSorted();
  const text = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  const fragments = JSON.parse(await text('der-fragments.json')) as Fragments;
  for (const [kind, algorithm] of Object.entries(fragments.signatureAlgorithm)) {
    yield { name: `csr: made with ${kind}`, run: () => checkMade(kind, algorithm, fragments) };
  }
  for (const name of names.filter((each) => each.endsWith('.csr.pem'))) {
    const stem = name.slice(0, -'.csr.pem'.length);
    const files = { csr: await text(name), own: await text(`${stem}.key.pem`) };
    const pkcs8 = await text(`${stem}.key.pkcs8.pem`);
    yield { name: `csr: ${stem} read`, run: async () => checkRead(files, fragments) };
    yield { name: `csr: ${stem} made again`, run: () => checkRemade(files, fragments) };
    yield { name: `csr: keys of ${stem}`, run: async () => checkKeys(files.own, pkcs8) };
  }
}

/** @param kind `rsa<bits>` or `ecdsaP<bits>`, as the fragments name them */
async function checkMade(kind: string, expected: Algorithm, fragments: Fragments): Promise<void> {
  const bits = Number(kind.match(/\d+$/)?.[0]);
  const isRsa = kind.startsWith('rsa');
  const keys = await generateKeys(
    keyAlgorithmOf({
      eccSignatureAlgorithm: isRsa ? '' : 'ECDSA',
      eccCurve: `P${bits}`,
      rsaKeySize: bits,
    }),
  );
  const pem = await makeCsr(keys, fragments.spiffeId);
  assert.match(
    pem,
    /^-----BEGIN CERTIFICATE REQUEST-----\n(?:[^\n]{64}\n)*[^\n]{1,64}\n-----END [^\n]*-----\n$/,
  );
  assertForm(pem, fragments, expected);
  assert.ok(parseCsr(pem).publicKey.equals(keys.publicKey));
}

function assertForm(pem: string, fragments: Fragments, expected?: Algorithm): void {
  const [content, algorithm] = childrenOf(frameOf(pem));
  const [version, subject, , attributes, ...more] = childrenOf(content);
  assert.equal(bytesOf(version).toString('hex'), '00');
  assert.equal(hexOf(subject), fragments.subjectDerHex);
  assert.equal(hexOf(attributes), fragments.attributesDerHex);
  assert.equal(more.length, 0);
  const [set] = childrenOf(childrenOf(attributes)[0]).slice(1);
  assert.deepEqual(childrenOf(childrenOf(set)[0]).map(hexOf), [fragments.sanExtensionDerHex]);
  if (expected === undefined) return;
  const [oid, ...parameters] = childrenOf(algorithm);
  assert.equal(objectIdOf(oid), expected.oid);
  assert.deepEqual(
    parameters.map(hexOf),
    expected.parametersDerHex === null ? [] : [expected.parametersDerHex],
  );
}

type Der = ReturnType<typeof decodeDer>;

function frameOf(pem: string): Der {
  return decodeDer(parsePem(pem)[0]?.der ?? Buffer.alloc(0));
}

function hexOf(value: Der | undefined): string {
  return value === undefined ? '' : encodeDer(value).toString('hex');
}

interface RequestFiles {
  readonly csr: string;
  readonly own: string;
}

function pairOf(pem: string): KeyPair {
  const privateKey = parsePrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function checkRead({ csr, own }: RequestFiles, fragments: Fragments): void {
  const { publicKey, subjectAltNames, extensions } = parseCsr(csr);
  assert.deepEqual(subjectAltNames, [{ type: 'uri', value: fragments.spiffeId }]);
  assert.deepEqual(extensions, ['2.5.29.17']);
  assert.ok(publicKey.equals(pairOf(own).publicKey));
  assertForm(csr, fragments);
}

/** RSA signs alike every time; of the others all but the signature is. */
async function checkRemade({ csr, own }: RequestFiles, { spiffeId }: Fragments): Promise<void> {
  const keys = pairOf(own);
  const again = await makeCsr(keys, spiffeId);
  if (keys.privateKey.asymmetricKeyType === 'rsa') assert.equal(again.trim(), csr.trim());
  const signed = (pem: string): string[] => childrenOf(frameOf(pem)).slice(0, 2).map(hexOf);
  assert.deepEqual(signed(again), signed(csr));
}

function checkKeys(own: string, pkcs8: string): void {
  for (const pem of [own, pkcs8]) {
    const key = parsePrivateKey(pem);
    assert.equal(privateKeyPem(key, false), own);
    assert.equal(privateKeyPem(key, true), pkcs8);
  }
}
