// One workload certificate from nothing to usable: new key, request, the CA's answer, and the checks it must pass
// before anyone sees it. Upstream counterpart: istio secretcache.go generateNewSecret.

import type { X509Certificate } from 'node:crypto';

import { certificateFacts, parseCertificates, verifyChain } from '../../pki/certificates.ts';
import {
  generateKeys,
  keyAlgorithmOf,
  privateKeyPem,
  type KeyOptions,
  type KeyPair,
} from '../../pki/keys.ts';
import { concatPem } from '../../pki/pem.ts';
import type { Clock } from '../../runtime/clock.ts';
import { MINUTE_MS } from '../../runtime/duration.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { CertificateAuthority } from './ca-client.ts';
import type { Lifetime } from '../rotation.ts';

export interface WorkloadCertificate extends Lifetime {
  /** All elements of the CA's answer, root included. */
  readonly chainPem: string;
  readonly keyPem: string;
  /** The CA's last element as it came; may hold several roots. */
  readonly rootPem: string;
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly uris: readonly string[];
}

export interface IdentitySettings extends KeyOptions {
  readonly spiffeId: string;
  /** Lifetime to ask for; the CA decides. */
  readonly ttlMs: number;
  /** `PKCS8_KEY`. */
  readonly pkcs8Key: boolean;
}

/** An answer of the CA that is not used; the certificate before it stays. */
export class ChainError extends AgentError {}

const CLOCK_SKEW_MS = 2 * MINUTE_MS;
const MAX_CERTIFICATES = 100;
const MAX_CHAIN_BYTES = 1024 * 1024;

/** @throws CaError | ChainError, and AgentError when the key options are not possible */
export async function obtainCertificate(
  settings: IdentitySettings,
  deps: { readonly ca: CertificateAuthority; readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<WorkloadCertificate> {
  const { ca, clock, log } = deps;
  const keys = await generateKeys(keyAlgorithmOf(settings));
  const { makeCsr } = await import('../../pki/csr.ts'); // brings an ASN.1 library; by now Envoy starts
  const elements = await ca.sign(await makeCsr(keys, settings.spiffeId), settings.ttlMs, signal);
  const chain = readChain(elements);
  const createdMs = clock.now();
  checkChain(chain, keys, createdMs);
  const { serial, uris, notBeforeMs, notAfterMs } = certificateFacts(chain.leaf);
  warnAboutLeaf(settings.spiffeId, uris, notBeforeMs - createdMs, log);
  return {
    chainPem: concatPem(elements),
    keyPem: privateKeyPem(keys.privateKey, settings.pkcs8Key),
    rootPem: elements.at(-1) ?? '',
    serial,
    uris,
    notBeforeMs,
    createdMs,
    expiresMs: notAfterMs,
  };
}

interface ReadChain {
  readonly leaf: X509Certificate;
  readonly intermediates: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
}

function readChain(elements: readonly string[]): ReadChain {
  const root = elements.at(-1);
  if (root === undefined || elements.length <= 1) throw new ChainError('invalid empty CertChain');
  const sizeBytes = elements.reduce((sum, element) => sum + Buffer.byteLength(element), 0);
  if (sizeBytes > MAX_CHAIN_BYTES) throw new ChainError(`the CertChain has ${sizeBytes} bytes`);
  try {
    const [leaf, ...intermediates] = parseCertificates(concatPem(elements.slice(0, -1)));
    const roots = parseCertificates(root);
    if (leaf === undefined || intermediates.length + roots.length > MAX_CERTIFICATES) {
      throw new ChainError(`the CertChain has more than ${MAX_CERTIFICATES} certificates`);
    }
    return { leaf, intermediates, roots };
  } catch (error) {
    const problem = 'failed to extract expire time from server certificate in CSR response';
    throw new ChainError(`${problem}: ${messageOf(error)}`, { cause: error });
  }
}

function checkChain(chain: ReadChain, keys: KeyPair, nowMs: number): void {
  const { leaf } = chain;
  if (!leaf.publicKey.equals(keys.publicKey))
    throw new ChainError('the CA signed a certificate for another key');
  if (leaf.ca) throw new ChainError('the CA answered with a CA certificate for the workload');
  const notAfterMs = leaf.validToDate.getTime();
  if (notAfterMs <= nowMs) {
    throw new ChainError(`the certificate expired at ${leaf.validToDate.toISOString()}, before it arrived`);
  }
  try {
    verifyChain(chain, nowMs);
  } catch (error) {
    throw new ChainError(`the CertChain does not lead to its root: ${messageOf(error)}`, { cause: error });
  }
}

function warnAboutLeaf(spiffeId: string, uris: readonly string[], earlyMs: number, log: Log): void {
  // A CA may know the workload by another name, so this is no reason to be without a certificate.
  if (uris.length !== 1 || uris[0] !== spiffeId) {
    log.warn(`the CA issued a certificate for ${uris.join(', ') || 'no URI'}, asked was ${spiffeId}`);
  }
  if (earlyMs > CLOCK_SKEW_MS) log.warn("the certificate is not valid yet: this clock or the CA's is wrong");
}
