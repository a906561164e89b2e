// One secret out of its files: read once, judged, and served as what was judged.

import { createHash } from 'node:crypto';

import { PemError } from '../../pki/pem.ts';
import type { Log } from '../../runtime/log.ts';
import type { SecretItem } from '../secret-item.ts';
import { readCertificateFile } from './certificate-file.ts';
import { checkKeyPair } from './key-pair.ts';
import { filterRoots } from './root-bundle.ts';

/** Where a secret is; all paths absolute. */
export type SecretFiles =
  | { readonly kind: 'pair'; readonly certificatePath: string; readonly keyPath: string }
  | { readonly kind: 'root'; readonly path: string };

export interface FileContent {
  /** As in `pathsOf`. */
  readonly texts: readonly string[];
  /** SHA-256 over all of them: equal content, equal digest. */
  readonly digest: string;
}

/** The file that names the secret in messages comes first. */
export function pathsOf(files: SecretFiles): readonly [string, ...string[]] {
  return files.kind === 'pair' ? [files.certificatePath, files.keyPath] : [files.path];
}

/** @throws CertificateFileError */
export async function readSecretFiles(files: SecretFiles): Promise<FileContent> {
  const texts: string[] = [];
  const hash = createHash('sha256');
  for (const path of pathsOf(files)) {
    const text = await readCertificateFile(path);
    texts.push(text);
    hash.update(createHash('sha256').update(text).digest()); // of digests: one file's end is not another's begin
  }
  return { texts, digest: hash.digest('hex') };
}

/**
 * What the content means under that name.
 *
 * @param log hears which anchors are left out of a bundle
 * @throws PemError | CertificateError when it cannot be served; never with a key in it
 */
export function secretIn({ texts }: FileContent, name: string, files: SecretFiles, log: Log): SecretItem {
  const [first = '', second = ''] = texts;
  if (files.kind === 'root') return { kind: 'trust', name, rootPem: rootsIn(first, files.path, log) };
  checkKeyPair(first, second);
  return { kind: 'certificate', name, certificateChainPem: first, privateKeyPem: second };
}

function rootsIn(text: string, path: string, log: Log): string {
  const { pem, count, dropped } = filterRoots(text);
  const reasons = dropped.join('; ');
  if (count === 0) {
    throw new PemError(`failed to parse root certs from file ${path}: ${reasons || 'no certificate found'}`);
  }
  if (reasons !== '') log.error(`failed to parse some certs from file ${path}: ${reasons}`);
  return pem;
}
