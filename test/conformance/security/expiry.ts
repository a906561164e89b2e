// `expiry`: until when a certificate counts, and that an expired client certificate is not shown.

import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';

import { certificateFacts, parseCertificates } from '../../../src/pki/certificates.ts';
import { CauseLog } from '../../../src/runtime/cause-log.ts';
import { readClientCertificate } from '../../../src/security/upstream/client-certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { ConformanceCase } from '../case.ts';
import { pemFiles, type PemFile } from './folder.ts';

export async function* expiryCases(directory: string, folder: string): AsyncIterable<ConformanceCase> {
  const files = await pemFiles(directory, folder);
  const key = files.find((file) => file.key !== undefined);
  for (const file of files) {
    const [first] = file.certificates;
    if (first === undefined) continue;
    const endMs = Date.parse(first.validTo);
    yield { name: `expiry: ${file.name}`, run: async () => checkFacts(file, first, endMs) };
    if (key === undefined) continue;
    yield { name: `expiry: ${file.name} as a client's`, run: () => checkClient(file, key, endMs) };
  }
}

function checkFacts({ text }: PemFile, { validFrom }: X509Certificate, endMs: number): void {
  const [first] = parseCertificates(text);
  const { notAfterMs, notBeforeMs } = certificateFacts(first ?? assert.fail('none read'));
  assert.deepEqual([notBeforeMs, notAfterMs], [Date.parse(validFrom), endMs]);
}

async function checkClient(chain: PemFile, key: PemFile, endMs: number): Promise<void> {
  const { log, messages } = recordingLog();
  const paths = { chainPath: chain.path, keyPath: key.path };
  const shownAt = async (nowMs: number): Promise<string | undefined> => {
    const pair = await readClientCertificate(paths, new FakeClock(nowMs), new CauseLog(log));
    return pair?.chain.toString();
  };
  assert.equal(await shownAt(endMs - 1000), chain.text);
  assert.deepEqual(messages(), []);
  assert.equal(await shownAt(endMs + 1000), undefined);
  assert.deepEqual(messages('warn'), ['cert expired, using token instead']);
}
