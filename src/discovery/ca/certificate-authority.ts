// Signs the certificates of workloads. Who the caller is has been settled before; what the request asks for beyond
// its public key counts for nothing.
// Upstream counterpart: istio security/pkg/pki/ca.

import type { KeyObject } from 'node:crypto';

import { certificatePem } from '../../pki/certificates.ts';
import { parseCsr } from '../../pki/csr.ts';
import { issueLeaf, type Issuer } from '../../pki/issue.ts';
import { generateKeys, privateKeyPem } from '../../pki/keys.ts';
import { formatSpiffeId } from '../../pki/spiffe.ts';
import { formatDuration, HOUR_MS } from '../../runtime/duration.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';
import type { Identity } from '../auth/identity.ts';
import { BACKDATE_MS } from './root.ts';

const DEFAULT_TTL_MS = 24 * HOUR_MS;
const MAX_TTL_MS = 90 * 24 * HOUR_MS;
const MIN_RSA_BITS = 2048;

/** The request cannot be signed as it is; sending it again will not help. */
export class CsrError extends AgentError {}

export interface CertificateAuthorityDeps {
  readonly root: Issuer;
  readonly trustDomain: string;
  /** Wall time, milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export interface ServerCertificate {
  /** Leaf and root. */
  readonly chainPem: string;
  readonly keyPem: string;
}

export class CertificateAuthority {
  readonly #deps: CertificateAuthorityDeps;

  constructor(deps: CertificateAuthorityDeps) {
    this.#deps = deps;
  }

  get rootPem(): string {
    return certificatePem(this.#deps.root.certificate);
  }

  /**
   * Signs a workload's request. The certificate carries the caller's SPIFFE id, begins two minutes in the past and
   * never outlives the root.
   *
   * @param ttlSeconds 0 or less: 24 hours
   * @returns PEM, leaf first, root last
   * @throws CsrError when the request is malformed, not signed by its own key, weak, or asks for too long
   */
  async sign(csrPem: string, identity: Identity, ttlSeconds: number): Promise<string[]> {
    const name = formatSpiffeId({ trustDomain: this.#deps.trustDomain, ...identity });
    const lifetimeMs = ttlMs(ttlSeconds);
    return [await this.#issue(publicKeyOf(csrPem), [name], lifetimeMs), this.rootPem];
  }

  /** A certificate for this service itself, as long as the root: it is made anew at every start. */
  async serverCertificate(names: readonly string[]): Promise<ServerCertificate> {
    const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
    const leaf = await this.#issue(keys.publicKey, names, Number.MAX_SAFE_INTEGER);
    return { chainPem: leaf + this.rootPem, keyPem: privateKeyPem(keys.privateKey, true) };
  }

  async #issue(publicKey: KeyObject, names: readonly string[], lifetimeMs: number): Promise<string> {
    const { root, now } = this.#deps;
    const nowMs = now();
    const leaf = await issueLeaf(root, {
      publicKey,
      names,
      notBeforeMs: nowMs - BACKDATE_MS,
      notAfterMs: Math.min(nowMs + lifetimeMs, root.certificate.validToDate.getTime()),
    });
    return certificatePem(leaf);
  }
}

function ttlMs(seconds: number): number {
  if (seconds <= 0) return DEFAULT_TTL_MS;
  if (seconds * 1000 <= MAX_TTL_MS) return seconds * 1000;
  const [asked, max] = [formatDuration(seconds * 1000), formatDuration(MAX_TTL_MS)];
  throw new CsrError(`requested TTL ${asked} is greater than the max allowed TTL ${max}`);
}

function publicKeyOf(csrPem: string): KeyObject {
  let publicKey: KeyObject;
  try {
    ({ publicKey } = parseCsr(csrPem));
  } catch (error) {
    throw new CsrError(messageOf(error), { cause: error });
  }
  const bits = publicKey.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < MIN_RSA_BITS) {
    throw new CsrError(`an RSA key of ${bits} bits is too weak, ${MIN_RSA_BITS} are needed`);
  }
  return publicKey;
}
