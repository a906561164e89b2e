// Every CA of a folder signs a request of the product, and answers with each bundle of roots in it: the product takes
// the answer when the bundle holds the root of that CA, and serves exactly what was answered.

import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';

import { certificatePem } from '../../../src/pki/certificates.ts';
import { parseCsr } from '../../../src/pki/csr.ts';
import { issueLeaf, type Issuer } from '../../../src/pki/issue.ts';
import { concatPem } from '../../../src/pki/pem.ts';
import {
  obtainCertificate,
  type WorkloadCertificate,
} from '../../../src/security/ca/workload-certificate.ts';
import { authorityOf } from '../../security/authority.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { ConformanceCase } from '../case.ts';
import { pathOf } from './chains.ts';
import { belongsTo, bundles, distinct, hasIssued, isSelfSigned, pemFiles, type PemFile } from './folder.ts';

const HOUR_MS = 3_600_000;
const SPIFFE_ID = 'spiffe://cluster.local/ns/default/sa/sleep';
const KEY = { eccSignatureAlgorithm: 'ECDSA', eccCurve: 'P256', rsaKeySize: 2048, pkcs8Key: false };

export async function* authorityCases(directory: string, folder: string): AsyncIterable<ConformanceCase> {
  const files = await pemFiles(directory, folder);
  const all = distinct(files);
  for (const { key, name } of files) {
    const certificate = all.find((each) => key && each.ca && belongsTo(key, each));
    if (key === undefined || certificate === undefined) continue;
    const issuer = { certificate, privateKey: key };
    for (const bundle of bundles(files)) {
      yield { name: `ca: ${name} with ${bundle.name}`, run: () => checkAnswer(issuer, all, bundle) };
    }
  }
}

async function checkAnswer(issuer: Issuer, all: readonly X509Certificate[], bundle: PemFile): Promise<void> {
  const { certificate } = issuer;
  const intermediates = all.filter((each) => each.ca && !isSelfSigned(each) && each !== certificate);
  const path = isSelfSigned(certificate) ? [] : pathOf(certificate, intermediates);
  const nowMs = Math.max(...[certificate, ...path].map((each) => each.validFromDate.getTime())) + HOUR_MS;
  const between = path.map(certificatePem);
  const obtained = obtain(issuer, [...between, bundle.text], nowMs);
  const top = path.at(-1) ?? certificate;
  const isRoot = (root: X509Certificate): boolean =>
    isSelfSigned(top) ? root.fingerprint256 === top.fingerprint256 : hasIssued(root, top);
  if (!bundle.certificates.some(isRoot)) {
    await assert.rejects(obtained, /the CertChain does not lead to its root/);
    return;
  }
  const { chainPem, rootPem, expiresMs, uris } = await obtained;
  assert.ok(chainPem.endsWith(concatPem([...between, bundle.text])));
  assert.equal(rootPem, bundle.text);
  assert.equal(expiresMs, nowMs + HOUR_MS);
  assert.deepEqual(uris, [SPIFFE_ID]);
}

/** @param rest of the answer, after the leaf */
function obtain(issuer: Issuer, rest: readonly string[], nowMs: number): Promise<WorkloadCertificate> {
  const ca = authorityOf(async (csrPem) => {
    const { publicKey, subjectAltNames } = parseCsr(csrPem);
    const names = subjectAltNames.map(({ value }) => value);
    const validity = { notBeforeMs: nowMs, notAfterMs: nowMs + HOUR_MS };
    return [certificatePem(await issueLeaf(issuer, { publicKey, names, ...validity })), ...rest];
  });
  const settings = { ...KEY, spiffeId: SPIFFE_ID, ttlMs: HOUR_MS };
  const deps = { ca, clock: new FakeClock(nowMs), log: recordingLog().log };
  return obtainCertificate(settings, deps, new AbortController().signal);
}
