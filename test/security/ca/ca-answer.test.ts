import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';

import { certificatePem } from '../../../src/pki/certificates.ts';
import {
  boolean,
  decodeDer,
  encodeDer,
  integer,
  objectId,
  octetString,
  sequence,
  tagged,
  time,
} from '../../../src/pki/der.ts';
import { issueIntermediate, issueLeaf, issueRoot, type Issuer } from '../../../src/pki/issue.ts';
import { generateKeys, type KeyPair } from '../../../src/pki/keys.ts';
import { formatPem } from '../../../src/pki/pem.ts';
import { signatureAlgorithm, signed } from '../../../src/pki/signature.ts';
import { ChainError, checkAnswer, readAnswer } from '../../../src/security/ca/ca-answer.ts';
import { makeAuthority, type Authority } from '../authority.ts';

const HOUR_MS = 3_600_000;
const P256 = { type: 'ec', curve: 'P-256' } as const;
const nowMs = Date.now();
const validNow = { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + HOUR_MS };

/** A certificate authority below `authority`, valid as told. */
async function below({ issuer }: Authority, validity = validNow): Promise<Issuer> {
  const keys = await generateKeys(P256);
  const request = { ...validity, organization: 'below' };
  const certificate = await issueIntermediate(issuer, keys.publicKey, request);
  return { certificate, privateKey: keys.privateKey };
}

async function leafOf(issuer: Issuer, { publicKey }: KeyPair, validity = validNow): Promise<string> {
  const names = ['spiffe://test.example/ns/shop/sa/cart'];
  return certificatePem(await issueLeaf(issuer, { ...validity, publicKey, names }));
}

/** A CA that says of neither itself nor its issuer which key it means: only trying tells. */
async function namelessRoot(): Promise<Issuer> {
  const keys = await generateKeys(P256);
  const name = sequence();
  const basicConstraints = encodeDer(sequence(boolean(true)));
  const isCa = sequence(objectId('2.5.29.19'), boolean(true), octetString(basicConstraints));
  const content = sequence(
    tagged(0, integer(2)),
    integer(1),
    signatureAlgorithm(keys.privateKey),
    name,
    sequence(time(validNow.notBeforeMs), time(validNow.notAfterMs)),
    name,
    decodeDer(keys.publicKey.export({ type: 'spki', format: 'der' })),
    tagged(3, sequence(isCa)),
  );
  const certificate = new X509Certificate(await signed(content, keys.privateKey));
  return { certificate, privateKey: keys.privateKey };
}

describe('the answer of a CA', () => {
  let authority: Authority;
  let other: Authority;
  let keys: KeyPair;

  before(async () => {
    [authority, other] = await Promise.all([makeAuthority(), makeAuthority('other.example')]);
    keys = await generateKeys(P256);
  });

  const refused = (elements: readonly string[], message: RegExp): void => {
    const judge = (): void => checkAnswer(readAnswer(elements, []), keys.publicKey, nowMs);
    assert.throws(judge, (error) => {
      assert.ok(error instanceof ChainError, String(error));
      assert.match(error.message, message);
      return true;
    });
  };

  it('has its trust anchors in the last element', async () => {
    const leaf = await leafOf(authority.issuer, keys);

    const { chainPem, rootPem } = readAnswer([leaf.trimEnd(), authority.rootPem], []);

    assert.equal(chainPem, leaf + authority.rootPem);
    assert.equal(rootPem, authority.rootPem);
  });

  it('has them in the bundle of a CA that names one', async () => {
    const issuer = await below(authority);
    const elements = [await leafOf(issuer, keys), certificatePem(issuer.certificate)];

    const answer = readAnswer(elements, [other.rootPem.trimEnd(), authority.rootPem]);
    checkAnswer(answer, keys.publicKey, nowMs);

    assert.equal(answer.chainPem, elements.join(''));
    assert.equal(answer.rootPem, other.rootPem + authority.rootPem);
  });

  it('is refused when any certificate of the chain has expired, used or not', async () => {
    const expired = await below(authority, { ...validNow, notAfterMs: nowMs - 1000 });
    const message = /^certificate O=below \(serial \w+\) expired at .*Z, before it arrived$/;

    refused([await leafOf(expired, keys), certificatePem(expired.certificate), authority.rootPem], message);
    const unused = certificatePem(expired.certificate);
    refused([await leafOf(authority.issuer, keys), unused, authority.rootPem], message);
  });

  it('is accepted from a CA whose clock is ahead', async () => {
    const later = { notBeforeMs: nowMs + 60_000, notAfterMs: nowMs + HOUR_MS };
    const issuer = await below(authority, later);
    const leaf = await leafOf(issuer, keys, later);

    const answer = readAnswer([leaf, certificatePem(issuer.certificate), authority.rootPem], []);

    checkAnswer(answer, keys.publicKey, nowMs);
  });

  it('is accepted with an expired root: what follows is up to those who verify', async () => {
    const rootKeys = await generateKeys(P256);
    const times = { notBeforeMs: nowMs - 2 * HOUR_MS, notAfterMs: nowMs - HOUR_MS };
    const root = await issueRoot(rootKeys, { ...times, organization: 'old' });
    const leaf = await leafOf({ certificate: root, privateKey: rootKeys.privateKey }, keys);

    checkAnswer(readAnswer([leaf, certificatePem(root)], []), keys.publicKey, nowMs);
  });

  it('is refused when it is too large, before anything is parsed', () => {
    refused(['x'.repeat(1024 * 1024), 'y'], /^the CertChain has 1048577 bytes, 1 MiB is the limit$/);
  });

  it('may have a hundred certificates and no more', async () => {
    const leaf = await leafOf(authority.issuer, keys);
    const filler = other.rootPem.repeat(98);

    checkAnswer(readAnswer([leaf, filler, authority.rootPem], []), keys.publicKey, nowMs);
    refused([leaf, filler, authority.rootPem + other.rootPem], /more than 100 certificates/);
  });

  it('is refused when it has more, before anything is parsed', async () => {
    const leaf = await leafOf(authority.issuer, keys);
    const nonsense = formatPem({ label: 'CERTIFICATE', der: Buffer.from('nonsense') });

    refused([leaf, nonsense.repeat(99), authority.rootPem], /^the CertChain has more than 100 certificates$/);
  });

  it('does not keep the process busy with certificates that could all be the issuer', async () => {
    const twins = await Promise.all(Array.from({ length: 98 }, namelessRoot));
    const last = twins.at(-1) ?? authority.issuer;
    const leaf = await leafOf(last, keys);
    const intermediates = twins.map(({ certificate }) => certificatePem(certificate)).join('');

    refused([leaf, intermediates, other.rootPem], /the chain needs too many signature checks$/);
  });

  it('is refused when it is no PEM, or PEM of something else', async () => {
    const leaf = await leafOf(authority.issuer, keys);
    const broken = leaf.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
    const message = /^failed to extract expire time from server certificate in CSR response: /;

    for (const text of ['', 'text', broken, leaf.replaceAll('CERTIFICATE', 'X509 CRL')])
      refused([text, authority.rootPem], message);
    refused([leaf, 'no root'], message);
  });
});
