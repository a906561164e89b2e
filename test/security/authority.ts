// A small certificate authority for tests, on the project's own pki: a root, certificates for servers and
// workloads, and answers in the form a mesh CA gives.

import type { X509Certificate } from 'node:crypto';

import { certificatePem } from '../../src/pki/certificates.ts';
import { parseCsr } from '../../src/pki/csr.ts';
import { issueLeaf, issueRoot, type Issuer } from '../../src/pki/issue.ts';
import { generateKeys, privateKeyPem, type KeyPair } from '../../src/pki/keys.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { CertificateAuthority } from '../../src/security/ca/certificate-authority.ts';

export interface Authority {
  readonly issuer: Issuer;
  readonly rootPem: string;
}

export interface PemPair {
  readonly chainPem: string;
  readonly keyPem: string;
}

const HOUR_MS = 3_600_000;
const P256 = { type: 'ec', curve: 'P-256' } as const;

/** Valid for real connections: from an hour ago to tomorrow. */
export async function makeAuthority(organization = 'test.example'): Promise<Authority> {
  const keys = await generateKeys(P256);
  const certificate = await issueRoot(keys, { ...validNow(), organization });
  return { issuer: { certificate, privateKey: keys.privateKey }, rootPem: certificatePem(certificate) };
}

export async function issuePair(
  { issuer }: Authority,
  names: readonly string[],
  validity = validNow(),
): Promise<PemPair> {
  const keys: KeyPair = await generateKeys(P256);
  const leaf = await issueLeaf(issuer, { ...validity, publicKey: keys.publicKey, names });
  return { chainPem: certificatePem(leaf), keyPem: privateKeyPem(keys.privateKey, true) };
}

/** A CA that answers as `signCsr` does and names no bundle. */
export function authorityOf(signCsr: CertificateAuthority['signCsr']): CertificateAuthority {
  return { signCsr, rootBundle: async () => [], close: async () => undefined };
}

/** What a mesh CA answers to a request: leaf and root, valid from two minutes before now. */
export async function signRequest(
  { issuer, rootPem }: Authority,
  csrPem: string,
  lifetimeMs: number,
  clock: Pick<Clock, 'now'>,
): Promise<string[]> {
  const csr = parseCsr(csrPem);
  const leaf: X509Certificate = await issueLeaf(issuer, {
    publicKey: csr.publicKey,
    names: csr.subjectAltNames.map(({ value }) => value),
    notBeforeMs: clock.now() - 120_000,
    notAfterMs: clock.now() + lifetimeMs,
  });
  return [certificatePem(leaf), rootPem];
}

function validNow(): { notBeforeMs: number; notAfterMs: number } {
  return { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + 24 * HOUR_MS };
}
