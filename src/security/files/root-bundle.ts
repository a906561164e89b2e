// Trust anchors out of a file that somebody else wrote: what Envoy would refuse is left out, so that the others count.

import { X509Certificate } from 'node:crypto';

import { certificatePem } from '../../pki/certificates.ts';
import { pemBytes } from '../../pki/pem.ts';

export interface RootBundle {
  /** The certificates that are left, written anew; empty: none. */
  readonly pem: string;
  readonly count: number;
  /** Why each of the others is left out. */
  readonly dropped: readonly string[];
}

/** From one BEGIN to the END of its kind, or to the end of the text when there is none. */
const BLOCK = /-----BEGIN ([^\r\n]{0,64}?)-----([\s\S]*?)(-----END \1-----|$)/g;

/**
 * Blocks that are no certificate, or have a negative serial number, are left out. Nothing after a block that is not
 * PEM is read.
 *
 * @see istio 1.31 security/pkg/nodeagent/cache/secretcache.go
 */
export function filterRoots(text: string): RootBundle {
  const kept: string[] = [];
  const dropped: string[] = [];
  for (const [, label, body = '', end] of text.matchAll(BLOCK)) {
    const der = label === '' || end === '' ? undefined : pemBytes(body);
    if (der === undefined) {
      dropped.push('malformed PEM, and what follows is not read');
      break;
    }
    const certificate = certificateOf(der);
    if (certificate === undefined) dropped.push('not an X.509 certificate');
    // OpenSSL takes it; BoringSSL, and Envoy with it, would refuse the whole bundle
    else if (certificate.serialNumber.startsWith('-')) dropped.push('negative serial number');
    else kept.push(certificatePem(certificate));
  }
  return { pem: kept.join(''), count: kept.length, dropped };
}

function certificateOf(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined; // the caller counts it
  }
}
