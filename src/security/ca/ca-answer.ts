// What a CA answered to a signing request: taken apart within limits, and judged before anyone uses it.
// Upstream counterpart: istio secretcache.go generateNewSecret, which accepts more.

import type { KeyObject, X509Certificate } from 'node:crypto';

import { describeCertificate, parseCertificates, verifyChain, type Chain } from '../../pki/certificates.ts';
import { concatPem, pemTexts } from '../../pki/pem.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';

/** An answer of the CA that is not used; the certificate before it stays. */
export class ChainError extends AgentError {}

export interface CaAnswer extends Chain {
  /** All elements, one after the other. */
  readonly chainPem: string;
  /** The CA's bundle, or else the last element as it came; may hold several roots. */
  readonly rootPem: string;
}

const MAX_CERTIFICATES = 100;
const MAX_CHAIN_BYTES = 1024 * 1024;

/**
 * @param elements leaf first, root last, each PEM of one or several certificates
 * @param bundle trust anchors the CA names apart from its answer; empty: the last element
 * @throws ChainError when it is too little, too much or no PEM
 */
export function readAnswer(elements: readonly string[], bundle: readonly string[]): CaAnswer {
  const last = elements.at(-1);
  if (last === undefined || elements.length <= 1) throw new ChainError('invalid empty CertChain');
  checkSize([...elements, ...bundle]);
  const hasBundle = bundle.length > 0;
  const [chainPem, rootPem] = [concatPem(elements), hasBundle ? concatPem(bundle) : last];
  const roots = parsed(rootPem);
  const [leaf, ...intermediates] = parsed(hasBundle ? chainPem : concatPem(elements.slice(0, -1)));
  if (leaf === undefined) throw new ChainError('invalid empty CertChain');
  return { leaf, intermediates, roots, chainPem, rootPem };
}

/**
 * @param publicKey the one of the request
 * @throws ChainError when the certificate is not the workload's, or does not verify
 */
export function checkAnswer(answer: CaAnswer, publicKey: KeyObject, nowMs: number): void {
  const { leaf, intermediates } = answer;
  if (!leaf.publicKey.equals(publicKey)) throw new ChainError('the CA signed a certificate for another key');
  if (leaf.ca) throw new ChainError('the CA answered with a CA certificate for the workload');
  const expired = [leaf, ...intermediates].find((one) => isExpired(one, nowMs));
  if (expired !== undefined) {
    const when = expired.validToDate.toISOString();
    throw new ChainError(`certificate ${describeCertificate(expired)} expired at ${when}, before it arrived`);
  }
  try {
    // One that begins later is verified as of then: this clock may be behind the CA's.
    verifyChain(answer, Math.max(nowMs, leaf.validFromDate.getTime()));
  } catch (error) {
    throw new ChainError(`the CertChain does not lead to its root: ${messageOf(error)}`, { cause: error });
  }
}

export function isExpired(certificate: X509Certificate, nowMs: number): boolean {
  return certificate.validToDate.getTime() <= nowMs;
}

/** Before anything is parsed: a thousand certificates would hold up the process. */
function checkSize(texts: readonly string[]): void {
  const sizeBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (sizeBytes > MAX_CHAIN_BYTES)
    throw new ChainError(`the CertChain has ${sizeBytes} bytes, 1 MiB is the limit`);
  const blocks = texts.reduce((sum, text) => sum + pemTexts(text).length, 0);
  if (blocks > MAX_CERTIFICATES)
    throw new ChainError(`the CertChain has more than ${MAX_CERTIFICATES} certificates`);
}

function parsed(pem: string): X509Certificate[] {
  try {
    return parseCertificates(pem);
  } catch (error) {
    const problem = 'failed to extract expire time from server certificate in CSR response';
    throw new ChainError(`${problem}: ${messageOf(error)}`, { cause: error });
  }
}
