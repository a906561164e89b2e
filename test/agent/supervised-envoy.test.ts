import { deepEqual, equal } from 'node:assert/strict';

import { certificateReadiness, supervisedEnvoy } from '../../src/agent/supervised-envoy.ts';
import type { CertificateStatus } from '../../src/security/certificate-status.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { agentConfig } from './support/agent-config.ts';

function secrets(changes: Partial<CertificateStatus>): { facts: () => CertificateStatus } {
  return { facts: () => changes as CertificateStatus };
}

describe('supervisedEnvoy', () => {
  it('has a place for Envoy in a pod without one, and watches nothing', async () => {
    const config = await agentConfig({ env: { DISABLE_ENVOY: 'true' } });

    const { supervisor, watcher, metrics, tellOfChanges } = supervisedEnvoy(config, undefined, {
      clock: new FakeClock(),
      spawn: () => Promise.reject(new Error('nothing is started')),
      random: () => 0,
      log: recordingLog().log,
      output: () => undefined,
      secrets: secrets({}),
      xdsSnapshot: () => ({ generations: [] }),
    });

    equal(supervisor.snapshot().restartObstacle, 'there is no Envoy');
    deepEqual([watcher, tellOfChanges], [undefined, undefined]);
    deepEqual(metrics().find(({ name }) => name === 'envoy_epoch')?.series, [{ value: -1 }]);
  });
});

describe('certificateReadiness', () => {
  const clock = new FakeClock(1000);

  it('holds no restart up while the certificate is good, or none was ever needed', () => {
    equal(certificateReadiness(secrets({ notAfterMs: 1001 }), clock).ok, true);
    equal(certificateReadiness(secrets({ notAfterMs: undefined, lastError: 'no CA' }), clock).ok, true);
  });

  it('holds it up with one that has expired, and says why there is no other', () => {
    deepEqual(certificateReadiness(secrets({ notAfterMs: 1000, lastError: 'no CA' }), clock), {
      ok: false,
      reason: 'the workload certificate has expired: no CA',
    });
  });
});
