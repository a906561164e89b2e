// Reading X.509 certificates with node:crypto: parsing PEM, the facts others ask for, and whether a chain holds.
// Making them is in issue.ts.

import { X509Certificate } from 'node:crypto';

import { AgentError } from '../runtime/errors.ts';
import { formatPem, parsePem, PemError } from './pem.ts';

/** A certificate that cannot be used for what it was given for. */
export class CertificateError extends AgentError {}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hexadecimal, as openssl prints it. */
  readonly serial: string;
  /** Milliseconds since the Unix epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly uris: readonly string[];
  readonly isCa: boolean;
  /** SHA-256 over the DER, colon-separated. */
  readonly fingerprint: string;
}

export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  return {
    subject: certificate.subject ?? '',
    issuer: certificate.issuer,
    serial: certificate.serialNumber,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    uris: urisOf(certificate.subjectAltName ?? ''),
    isCa: certificate.ca,
    fingerprint: certificate.fingerprint256,
  };
}

/** node:crypto prints alternative names as one text; values with commas or quotes come as JSON strings. */
function urisOf(names: string): string[] {
  const parts = names.match(/[^,\s:]+(?: [^,:]+)?:(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? [];
  return parts
    .filter((part) => part.startsWith('URI:'))
    .map((part) => part.slice('URI:'.length))
    .map((value) => (value.startsWith('"') ? (JSON.parse(value) as string) : value));
}

/**
 * Every certificate of a PEM text, in order.
 *
 * @throws PemError when there is none; CertificateError when a block cannot be read
 */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = parsePem(pem).filter(({ label }) => label === 'CERTIFICATE');
  if (blocks.length === 0) throw new PemError('no certificate found');
  return blocks.map(({ der }, i) => {
    try {
      return new X509Certificate(der);
    } catch (error) {
      throw new CertificateError(`certificate ${i + 1} of ${blocks.length} cannot be parsed`, {
        cause: error,
      });
    }
  });
}

/** The certificates of a PEM text that can be read; the others are left out. @throws PemError for broken Base64 */
export function readableCertificates(pem: string): X509Certificate[] {
  const blocks = parsePem(pem).filter(({ label }) => label === 'CERTIFICATE');
  return blocks.flatMap(({ der }) => {
    try {
      return [new X509Certificate(der)];
    } catch {
      return []; // what is left out is the caller's to notice: it counts
    }
  });
}

/** PEM in 64 columns with a final newline. */
export function certificatePem(certificate: X509Certificate): string {
  return formatPem({ label: 'CERTIFICATE', der: certificate.raw });
}

export interface Chain {
  readonly leaf: X509Certificate;
  /** In any order. */
  readonly intermediates: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
}

/**
 * Finds the way from the leaf to one of the roots: signatures, CA flags, validity of what lies between. The
 * leaf's own dates and names are the caller's to judge; a root is trusted as it is.
 *
 * @param nowMs milliseconds since the Unix epoch
 * @throws CertificateError naming the certificate at which the way ends
 */
export function verifyChain(chain: Chain, nowMs: number): void {
  const budget = { checks: MAX_SIGNATURE_CHECKS };
  let current = chain.leaf;
  for (let left = chain.intermediates.length; left >= 0; left--) {
    const child = current;
    if (chain.roots.some((root) => root.raw.equals(child.raw) || isRootOf(root, child, budget))) return;
    const parent = chain.intermediates.find((one) => isValidAt(one, nowMs) && isIssuer(one, child, budget));
    if (parent === undefined) break;
    current = parent;
  }
  throw new CertificateError(`no trusted issuer for certificate ${describeCertificate(current)}`);
}

/** Of one chain. A hundred certificates of the same name would otherwise hold up the process for seconds. */
const MAX_SIGNATURE_CHECKS = 100;

function isIssuer(issuer: X509Certificate, child: X509Certificate, budget: { checks: number }): boolean {
  return issuer.ca && hasSigned(issuer, child, budget);
}

/** Roots of the first version of X.509, which cannot say that they are a CA, are still about; Envoy takes them. */
function isRootOf(root: X509Certificate, child: X509Certificate, budget: { checks: number }): boolean {
  return (root.ca || isVersion1(root)) && hasSigned(root, child, budget);
}

function hasSigned(issuer: X509Certificate, child: X509Certificate, budget: { checks: number }): boolean {
  if (!child.checkIssued(issuer)) return false;
  if (budget.checks-- <= 0) throw new CertificateError('the chain needs too many signature checks');
  return child.verify(issuer.publicKey);
}

/** Later versions begin with their number, tagged 0. */
function isVersion1({ raw }: X509Certificate): boolean {
  const contentOf = (at: number): number => {
    const length = raw[at + 1] ?? 0;
    return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
  };
  return raw[contentOf(contentOf(0))] !== 0xa0;
}

/** Both ends of the validity are part of it. */
export function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  return certificate.validFromDate.getTime() <= nowMs && nowMs <= certificate.validToDate.getTime();
}

/** For messages: the subject, or else the first URI, and the serial number. */
export function describeCertificate(certificate: X509Certificate): string {
  const { subject, uris, serial } = certificateFacts(certificate);
  return `${subject.replaceAll('\n', ', ') || uris[0] || 'without a name'} (serial ${serial})`;
}
