// `crl`: lists of revoked certificates. One that a CA of the folder is named in and did not sign must not get to
// Envoy, where it would make every connection under that CA fail.

import assert from 'node:assert/strict';
import { verify, type X509Certificate } from 'node:crypto';

import { checkCrls } from '../../../src/security/files/crl.ts';
import { CrlFile } from '../../../src/security/files/crl-file.ts';
import { FileWorld } from '../../security/files/file-world.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { ConformanceCase } from '../case.ts';
import { distinct, pemFiles, type PemFile } from './folder.ts';

export async function* crlCases(directory: string, folder: string): AsyncIterable<ConformanceCase> {
  const files = await pemFiles(directory, folder);
  const issuers = distinct(files).filter((certificate) => certificate.ca);
  for (const file of files) {
    const isList = file.text.includes('-----BEGIN X509 CRL-----');
    yield { name: `crl: ${file.name}`, run: async () => checkList(file, isList, issuers) };
    if (isList) yield { name: `crl: ${file.name} in its place`, run: () => checkFile(file, issuers) };
  }
}

function checkList({ text }: PemFile, isList: boolean, issuers: readonly X509Certificate[]): void {
  if (isList && isSound(text, issuers)) checkCrls(text, issuers);
  else assert.throws(() => checkCrls(text, issuers));
}

async function checkFile({ path, text }: PemFile, issuers: readonly X509Certificate[]): Promise<void> {
  await using world = await FileWorld.create();
  const deps = {
    directories: world.directories,
    clock: new FakeClock(),
    random: Math.random,
    log: world.recorded.log,
  };
  await using crl = new CrlFile({ path, pollMs: 0 }, deps);
  const sound = isSound(text, issuers);
  assert.equal(await crl.path(issuers.map(String).join('\n')), sound ? path : undefined);
  assert.equal(world.recorded.messages('error').length, sound ? 0 : 1);
}

/** Every list is signed by somebody of the folder. */
function isSound(text: string, issuers: readonly X509Certificate[]): boolean {
  const lists = [...text.matchAll(/-----BEGIN X509 CRL-----([^-]+)-----END/g)];
  return lists.every(([, body = '']) => {
    const [content, , signature] = elements(Buffer.from(body, 'base64'));
    if (content === undefined || signature === undefined) return false;
    const bits = signature.subarray(headerBytes(signature) + 1); // the first byte counts unused bits
    return issuers.some(({ publicKey }) => verify('sha256', content, publicKey, bits));
  });
}

/** The members of a DER sequence, headers and all. */
function elements(sequence: Buffer): Buffer[] {
  const members: Buffer[] = [];
  for (let rest = sequence.subarray(headerBytes(sequence)); rest.length > 0;) {
    const size = headerBytes(rest) + contentBytes(rest);
    members.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return members;
}

function headerBytes(value: Buffer): number {
  const first = value.readUInt8(1);
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function contentBytes(value: Buffer): number {
  const first = value.readUInt8(1);
  return first < 0x80 ? first : value.readUIntBE(2, first & 0x7f);
}
