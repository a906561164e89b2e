import { deepEqual, equal, rejects } from 'node:assert/strict';

import type { RestartWatcher } from '../../src/agent/restart-watcher.ts';
import {
  certificateReadiness,
  restartWatcher,
  supervisedEnvoy,
  watching,
} from '../../src/agent/supervised-envoy.ts';
import { aborted } from '../../src/runtime/tasks.ts';
import type { CertificateStatus } from '../../src/security/certificate-status.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { agentConfig } from './support/agent-config.ts';

const NEVER = new AbortController().signal;

/** Watches until it is told to end, or fails at once. */
function watcher(failure?: Error): { subject: Pick<RestartWatcher, 'run'>; ended: () => boolean } {
  let ended = false;
  const run = async (signal: AbortSignal): Promise<void> => {
    if (failure !== undefined) throw failure;
    await aborted(signal);
    ended = true;
    signal.throwIfAborted();
  };
  return { subject: { run }, ended: () => ended };
}

function secrets(changes: Partial<CertificateStatus>): { facts: () => CertificateStatus } {
  return { facts: () => changes as CertificateStatus };
}

describe('supervisedEnvoy', () => {
  it('has a place for Envoy in a pod without one', async () => {
    const config = await agentConfig({ env: { DISABLE_ENVOY: 'true' } });

    const { supervisor, metrics, tellOfChanges } = supervisedEnvoy(config, undefined, {
      clock: new FakeClock(),
      spawn: () => Promise.reject(new Error('nothing is started')),
      random: () => 0,
      log: recordingLog().log,
      output: () => undefined,
      secrets: secrets({}),
      xdsSnapshot: () => ({ generations: [] }),
      startup: { reached: () => undefined },
    });

    equal(supervisor.snapshot().restartObstacle, 'there is no Envoy');
    equal(tellOfChanges, undefined);
    deepEqual(metrics().find(({ name }) => name === 'envoy_epoch')?.series, [{ value: -1 }]);
  });
});

describe('watching', () => {
  it('ends with what it goes beside, and says nothing of that', async () => {
    const { subject, ended } = watcher();
    const { log, messages } = recordingLog();

    equal(await watching(subject, log, NEVER, async () => 'done'), 'done');

    deepEqual([ended(), messages()], [true, []]);
  });

  it('ends before that when it is told to', async () => {
    const { subject, ended } = watcher();
    const stop = new AbortController();

    await watching(subject, recordingLog().log, stop.signal, async () => {
      stop.abort(new Error('the agent is ending'));
      await new Promise(setImmediate);
      equal(ended(), true);
    });
  });

  it('costs no more than itself when it fails', async () => {
    const { log, messages } = recordingLog();

    await watching(watcher(new Error('ENOSPC')).subject, log, NEVER, () => new Promise(setImmediate));

    deepEqual(messages('error'), ['changed files cause no restart any more: ENOSPC']);
  });

  it('lets the other fail, and ends all the same', async () => {
    const { subject, ended } = watcher();

    await rejects(
      watching(subject, recordingLog().log, NEVER, () => Promise.reject(new Error('refused'))),
      /refused/,
    );
    equal(ended(), true);
  });
});

describe('restartWatcher', () => {
  const envoy = { files: () => [], filesAtStart: new Map() };
  const deps = {
    clock: new FakeClock(),
    random: () => 0,
    log: recordingLog().log,
    restart: () => Promise.resolve(),
  };

  it('is there with hot restart only', async () => {
    const [hot, cold] = [await agentConfig(), await agentConfig({ env: { ENVOY_HOT_RESTART: 'false' } })];

    deepEqual(
      [
        restartWatcher(hot, envoy, deps),
        restartWatcher(cold, envoy, deps),
        restartWatcher(hot, undefined, deps),
      ].map((made) => made !== undefined),
      [true, false, false],
    );
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
