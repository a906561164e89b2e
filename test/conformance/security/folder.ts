// What is in a folder of PEM files, read without the product's own reader: the other side of every comparison.

import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface PemFile {
  /** Below the area's directory, for names of cases. */
  readonly name: string;
  readonly path: string;
  readonly text: string;
  /** Those that node:crypto can read, in order. */
  readonly certificates: readonly X509Certificate[];
  readonly key: KeyObject | undefined;
}

/** The files of one folder, sorted; folders in it are not entered. */
export async function pemFiles(directory: string, folder: string): Promise<PemFile[]> {
  const entries = await readdir(join(directory, folder), { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.pem'));
  const names = files.map(({ name }) => name).toSorted();
  return Promise.all(names.map((name) => pemFile(directory, join(folder, name))));
}

/** The folder and all below it. */
export async function foldersOf(directory: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(directory, folder), { withFileTypes: true, recursive: true });
  const below = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  return [folder, ...below.toSorted()];
}

async function pemFile(directory: string, name: string): Promise<PemFile> {
  const path = join(directory, name);
  const text = await readFile(path, 'utf8');
  return { name, path, text, certificates: certificatesIn(text), key: keyIn(text) };
}

function certificatesIn(text: string): X509Certificate[] {
  const blocks = text
    .split(/(?=-----BEGIN )/)
    .filter((block) => block.startsWith('-----BEGIN CERTIFICATE-----'));
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return []; // what is broken is the subject of other cases
    }
  });
}

function keyIn(text: string): KeyObject | undefined {
  if (!/-----BEGIN (?:RSA |EC )?PRIVATE KEY-----/.test(text)) return undefined;
  try {
    return createPrivateKey(text);
  } catch {
    return undefined; // as above
  }
}

/** Whether a key is the one of a certificate: their public halves are the same. */
export function belongsTo(key: KeyObject, certificate: X509Certificate | undefined): boolean {
  if (certificate === undefined) return false;
  const spki = { type: 'spki', format: 'der' } as const;
  return createPublicKey(key).export(spki).equals(certificate.publicKey.export(spki));
}

export function isSelfSigned(certificate: X509Certificate): boolean {
  return hasIssued(certificate, certificate);
}

/** By name and signature alone. */
export function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return certificate.issuer === issuer.subject && certificate.verify(issuer.publicKey);
}

/** Every certificate of the files once. */
export function distinct(files: readonly PemFile[]): X509Certificate[] {
  const all = files.flatMap(({ certificates }) => certificates);
  return [...new Map(all.map((certificate) => [certificate.fingerprint256, certificate])).values()];
}

/** Files of nothing but roots. */
export function bundles(files: readonly PemFile[]): PemFile[] {
  return files.filter(({ certificates }) => certificates.length > 0 && certificates.every(isSelfSigned));
}
