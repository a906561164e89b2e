// The SDS server on the real secret manager. The numbers of the facts are those of the list of behaviours in the
// security specification.

import { deepEqual, equal, notDeepEqual } from 'node:assert/strict';

import { SecretManager } from '../../src/security/secret-manager.ts';
import { authorityOf, makeAuthority, signRequest } from '../security/authority.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { silentMeter } from '../support/silent-meter.ts';
import { chainOf, Serving } from './serving.ts';

const HOUR_MS = 3_600_000;

describe('a thousand streams', () => {
  it('80: are all answered with one signing request, and all updated with one more', async () => {
    const authority = await makeAuthority();
    const clock = new FakeClock();
    let requests = 0;
    const ca = authorityOf((csr) => {
      requests += 1;
      return signRequest(authority, csr, HOUR_MS, clock);
    });
    const key = { eccSignatureAlgorithm: 'ECDSA', eccCurve: 'P256', rsaKeySize: 2048, pkcs8Key: false };
    const rotation = { ttlMs: HOUR_MS, graceRatio: 0.5, graceRatioJitter: 0 };
    await using manager = new SecretManager(
      { spiffeId: 'spiffe://test.example/ns/shop/sa/cart', ...key, ...rotation },
      { ca, clock, random: () => 0.5, log: recordingLog().log, meter: silentMeter() },
    );
    await using serving = await Serving.start({ source: manager });
    const clients = Array.from({ length: 10 }, () => serving.multiplex(100)).flat();

    const answers = await Promise.all(clients.map((client) => client.get('default')));
    await manager.rotateNow();
    const updates = await Promise.all(clients.map((client) => client.responses.next()));

    const [before, after] = [answers, updates].map((responses) => new Set(responses.map(chainOf)));
    deepEqual([before?.size, after?.size, requests], [1, 1, 2]);
    notDeepEqual(before, after);
    equal(serving.streams, 1000);
    equal(
      clients.reduce((sum, { responses }) => sum + responses.size, 0),
      0,
    );
  });
});
