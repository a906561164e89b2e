// One workload certificate from nothing to usable: new key, request, the CA's answer, and what is said about it.
// Whether the answer may be used is ca-answer.ts. Upstream counterpart: istio secretcache.go generateNewSecret.

import { certificateFacts, describeCertificate } from '../../pki/certificates.ts';
import { generateKeys, keyAlgorithmOf, privateKeyPem, type KeyOptions } from '../../pki/keys.ts';
import { emptyParts } from '../../pki/spiffe.ts';
import type { Clock } from '../../runtime/clock.ts';
import { MINUTE_MS, SECOND_MS } from '../../runtime/duration.ts';
import { AgentError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Lifetime } from '../rotation.ts';
import { ChainError, checkAnswer, isExpired, readAnswer, type CaAnswer } from './ca-answer.ts';
import type { CertificateAuthority } from './certificate-authority.ts';

export interface WorkloadCertificate extends Lifetime {
  /** All elements of the CA's answer, root included. */
  readonly chainPem: string;
  readonly keyPem: string;
  /** The trust anchors that came with it; may hold several roots. */
  readonly rootPem: string;
  readonly serial: string;
  /** More than two minutes from now when this clock or the CA's is wrong; peers refuse it until then. */
  readonly notBeforeMs: number;
  readonly uris: readonly string[];
}

export interface IdentitySettings extends KeyOptions {
  readonly spiffeId: string;
  /** Lifetime to ask for; the CA decides. */
  readonly ttlMs: number;
  /** `PKCS8_KEY`. */
  readonly pkcs8Key: boolean;
  /** `STRICT_SPIFFE_ID`: a certificate for another name is refused. Default false: warned about. */
  readonly strictSpiffeId?: boolean;
  /** `ISTIO_META_CERT_SIGNER`; one that is named is never asked for an incomplete identity. Default: none. */
  readonly certSigner?: string;
}

export interface ObtainDeps {
  readonly ca: CertificateAuthority;
  readonly clock: Clock;
  readonly log: Log;
}

const CLOCK_SKEW_MS = 2 * MINUTE_MS;

/** @throws CaError | ChainError, and AgentError when the request cannot be made of these settings */
export async function obtainCertificate(
  settings: IdentitySettings,
  { ca, clock, log }: ObtainDeps,
  signal: AbortSignal,
): Promise<WorkloadCertificate> {
  requireWholeIdentity(settings);
  const keys = await generateKeys(keyAlgorithmOf(settings));
  const { makeCsr } = await import('../../pki/csr.ts'); // brings an ASN.1 library; by now Envoy starts
  const csr = await makeCsr(keys, settings.spiffeId);
  const elements = await ca.signCsr(csr, Math.trunc(settings.ttlMs / SECOND_MS), signal);
  const answer = readAnswer(elements, await ca.rootBundle(signal));
  const createdMs = clock.now();
  checkAnswer(answer, keys.publicKey, createdMs);
  const { serial, uris, notBeforeMs, notAfterMs } = certificateFacts(answer.leaf);
  checkName(settings, uris, log);
  tellOddities(answer, createdMs, log);
  return {
    chainPem: answer.chainPem,
    keyPem: privateKeyPem(keys.privateKey, settings.pkcs8Key),
    rootPem: answer.rootPem,
    serial,
    uris,
    notBeforeMs,
    createdMs,
    expiresMs: notAfterMs,
  };
}

function requireWholeIdentity({ spiffeId, certSigner = '' }: IdentitySettings): void {
  const empty = emptyParts(spiffeId).join(' and ');
  if (certSigner === '' || empty === '') return;
  throw new AgentError(`no request is sent to signer ${certSigner} for ${spiffeId}, with an empty ${empty}`);
}

/** A CA may know the workload by another name, so by default this is no reason to be without a certificate. */
function checkName({ spiffeId, strictSpiffeId }: IdentitySettings, uris: readonly string[], log: Log): void {
  if (uris.length === 1 && uris[0] === spiffeId) return;
  const problem = `the CA issued a certificate for ${uris.join(', ') || 'no URI'}, asked was ${spiffeId}`;
  if (strictSpiffeId === true) throw new ChainError(problem);
  log.warn(problem);
}

function tellOddities({ leaf, roots }: CaAnswer, nowMs: number, log: Log): void {
  if (leaf.validFromDate.getTime() > nowMs + CLOCK_SKEW_MS) {
    const begin = leaf.validFromDate.toISOString();
    log.warn(`the certificate is not valid before ${begin}: this clock or the CA's is wrong`);
  }
  for (const root of roots.filter((one) => isExpired(one, nowMs))) {
    const end = root.validToDate.toISOString();
    log.warn(`trust anchor ${describeCertificate(root)} expired at ${end}`); // what follows, Envoy decides
  }
}
