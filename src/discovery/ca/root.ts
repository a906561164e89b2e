// The signing root: made at the first start and kept in the state directory, or given as files.

import type { KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';

import { certificatePem, isValidAt, parseCertificates } from '../../pki/certificates.ts';
import { issueRoot, type Issuer } from '../../pki/issue.ts';
import { generateKeys, parsePrivateKey, privateKeyPem } from '../../pki/keys.ts';
import { HOUR_MS } from '../../runtime/duration.ts';
import { ConfigError, messageOf } from '../../runtime/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../runtime/files.ts';

/** Certificate and key as files of somebody else's root. */
export interface RootFiles {
  readonly certificate: string;
  readonly key: string;
}

const YEAR_MS = 365 * 24 * HOUR_MS;
const ROOT_LIFETIME_MS = 10 * YEAR_MS;

/** Clocks of other machines may be behind by this much. */
export const BACKDATE_MS = 120_000;

/** The root that clients must trust, inside the state directory. */
export const ROOT_CERTIFICATE_FILE = 'root-cert.pem';
const ROOT_KEY_FILE = 'root-key.pem';

/**
 * Loads the root, or makes one, and leaves its certificate in the state directory for clients to mount.
 *
 * @param stateDirectory must exist
 * @param files undefined: the state directory's own root
 * @throws ConfigError when certificate and key cannot be used
 */
export async function openRoot(
  stateDirectory: string,
  files: RootFiles | undefined,
  nowMs: number,
): Promise<Issuer> {
  const certificatePath = join(stateDirectory, ROOT_CERTIFICATE_FILE);
  if (files === undefined) return ownRoot(certificatePath, join(stateDirectory, ROOT_KEY_FILE), nowMs);
  const root = await loadRoot(files, nowMs);
  await writeFileAtomic(certificatePath, certificatePem(root.certificate));
  return root;
}

async function ownRoot(certificate: string, key: string, nowMs: number): Promise<Issuer> {
  if ((await readTextIfExists(key)) !== undefined) return loadRoot({ certificate, key }, nowMs);
  const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
  const root = await issueRoot(keys, {
    organization: 'cluster.local',
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs: nowMs + ROOT_LIFETIME_MS,
  });
  await writeFileAtomic(certificate, certificatePem(root));
  await writeFileAtomic(key, privateKeyPem(keys.privateKey, true), 0o600); // last: a root exists once it has a key
  return { certificate: root, privateKey: keys.privateKey };
}

async function loadRoot(files: RootFiles, nowMs: number): Promise<Issuer> {
  const certificate = await usable(files.certificate, readRootCertificate);
  const privateKey = await usable(files.key, parsePrivateKey);
  assertPair(certificate, privateKey, files);
  if (!certificate.ca) throw new ConfigError(`${files.certificate} is not the certificate of a CA`);
  if (!isValidAt(certificate, nowMs)) {
    throw new ConfigError(`${files.certificate} is not valid now: it ends ${certificate.validTo}`);
  }
  return { certificate, privateKey };
}

function readRootCertificate(pem: string): X509Certificate {
  const [certificate, ...more] = parseCertificates(pem);
  if (certificate === undefined || more.length > 0)
    throw new ConfigError('exactly one certificate is wanted');
  return certificate;
}

async function usable<T>(path: string, parse: (text: string) => T): Promise<T> {
  const text = await readTextIfExists(path);
  if (text === undefined) throw new ConfigError(`there is no file ${path}`);
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigError(`cannot use ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function assertPair(certificate: X509Certificate, key: KeyObject, files: RootFiles): void {
  if (certificate.checkPrivateKey(key)) return;
  throw new ConfigError(`${files.key} is not the key of ${files.certificate}`);
}
