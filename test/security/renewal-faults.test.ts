import { deepEqual } from 'node:assert/strict';

import { RenewalFaults } from '../../src/security/renewal-faults.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';

describe('RenewalFaults', () => {
  it('takes numbers, times and serials in a cause for the same cause', () => {
    const recorded = recordingLog();
    const faults = new RenewalFaults({ clock: new FakeClock(), random: () => 0.5, log: recorded.log });
    const life = { createdMs: 0, expiresMs: 1000 };

    faults.tell('certificate 0a1b2c3d4e5f expired at 2026-01-02T03:04:05.678Z', { kind: 'valid', life });
    faults.tell('certificate f5e4d3c2b1a0 expired at 2026-01-02T03:04:35.001Z', { kind: 'valid', life });
    faults.tell('no answer within 10s', { kind: 'valid', life });

    const levels = recorded.records.map(({ level, message }) => [level, message.slice(0, 45)]);
    deepEqual(levels, [
      ['warn', 'resource:default failed to sign: certificate '],
      ['debug', 'resource:default failed to sign: certificate '],
      ['warn', 'resource:default failed to sign: no answer wi'],
    ]);
  });
});
