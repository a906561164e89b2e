import { deepEqual, rejects } from 'node:assert/strict';

import { obtainCounted } from '../../src/security/counted-request.ts';
import type { CsrMeter } from '../../src/security/ca/csr-meter.ts';
import type { IdentitySettings } from '../../src/security/ca/workload-certificate.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { authorityOf, makeAuthority, signRequest } from './authority.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

const SETTINGS: IdentitySettings = {
  spiffeId: 'spiffe://test.example/ns/a/sa/b',
  ttlMs: HOUR_MS,
  eccSignatureAlgorithm: 'ECDSA',
  eccCurve: 'P256',
  rsaKeySize: 2048,
  pkcs8Key: false,
};

function world() {
  const clock = new FakeClock();
  const events: string[] = [];
  const meter: CsrMeter = {
    started: () => void events.push('started'),
    ended: (ms) => void events.push(`ended after ${ms} ms`),
    failed: () => void events.push('failed'),
    retried: () => void events.push('retried'),
  };
  return { clock, events, meter, log: recordingLog().log };
}

describe('obtainCounted', () => {
  it('times the request alone, from when it is ready', async () => {
    const { events, ...deps } = world();
    const authority = await makeAuthority();
    const ca = authorityOf(async (csr) => {
      await deps.clock.tick(40);
      return signRequest(authority, csr, HOUR_MS, deps.clock);
    });

    await obtainCounted(SETTINGS, { ...deps, ca }, never);

    deepEqual(events, ['started', 'ended after 40 ms']);
  });

  it('counts a call that fails, and what it took', async () => {
    const { events, ...deps } = world();
    const ca = authorityOf(async () => {
      await deps.clock.tick(7);
      throw new Error('down');
    });

    await rejects(obtainCounted(SETTINGS, { ...deps, ca }, never), /down/);

    deepEqual(events, ['started', 'ended after 7 ms', 'failed']);
  });

  it('counts an answer that is refused as failed', async () => {
    const { events, ...deps } = world();

    await rejects(
      obtainCounted(SETTINGS, { ...deps, ca: authorityOf(async () => ['foo']) }, never),
      /CertChain/,
    );

    deepEqual(events, ['started', 'ended after 0 ms', 'failed']);
  });

  it('counts nothing when there is no request to send', async () => {
    const { events, ...deps } = world();
    const settings = { ...SETTINGS, eccSignatureAlgorithm: 'RSA' };

    await rejects(obtainCounted(settings, { ...deps, ca: authorityOf(async () => []) }, never));

    deepEqual(events, []);
  });
});
