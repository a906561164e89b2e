import { deepEqual, equal, ok } from 'node:assert/strict';

import type { EnvoySettings } from '../../src/envoy/settings.ts';
import { ModelSupervisor } from './support/model-supervisor.ts';

const KILLED = { code: null, signal: 'SIGKILL' } as const;

/** Two Envoys: epoch 1 active since about 250 ms, epoch 0 draining until two seconds later. */
async function overlapping(
  oldStays = false,
  settings: Partial<EnvoySettings> = {},
): Promise<ModelSupervisor> {
  const subject = new ModelSupervisor(settings);
  await subject.start((index) => ({ ignoresTerm: oldStays && index === 0 }));
  void subject.supervisor.restart('test');
  await subject.pass(300);
  return subject;
}

describe('a draining Envoy whose child is gone (U14)', () => {
  it('is ended when its time has come', async () => {
    const subject = await overlapping();

    subject.world.envoys[1]?.end(KILLED);
    await subject.pass(1000);
    deepEqual(subject.world.envoys[0]?.signals, []);
    await subject.pass(1500);

    deepEqual(subject.world.envoys[0]?.signals, ['SIGTERM']);
    await subject.finish();
  });

  it('does not delay the next start, which takes another base id', async () => {
    const subject = await overlapping();

    subject.world.envoys[1]?.end(KILLED);
    const diedMs = subject.clock.monotonicMs();
    await subject.pass(200);

    equal(subject.world.envoys[2]?.startedMs, diedMs);
    equal(subject.world.envoys[2]?.epoch, 0);
    equal(subject.supervisor.snapshot().baseId, 2);
    await subject.finish();
  });

  it('does not take the bootstrap along that a newer Envoy of the same epoch was started from', async () => {
    const subject = await overlapping();

    subject.world.envoys[1]?.end(KILLED); // a new epoch 0 starts while the old epoch 0 drains
    await subject.pass(3000);

    deepEqual(subject.world.alive, [subject.world.envoys[2]]);
    deepEqual(subject.removed, ['envoy-rev1.json']);
    await subject.finish();
  });

  it('takes nobody along when it is killed: the Envoy that serves now is no child of it', async () => {
    const subject = await overlapping();
    subject.world.envoys[1]?.end(KILLED);
    await subject.pass(200);

    subject.world.envoys[0]?.end(KILLED);
    await subject.pass(1000);

    deepEqual(subject.world.envoys[2]?.signals, []);
    deepEqual(subject.world.alive, [subject.world.envoys[2]]);
    await subject.finish();
  });

  it('is killed five seconds later when it ignores SIGTERM', async () => {
    const subject = await overlapping(true);

    subject.world.envoys[1]?.end(KILLED);
    await subject.pass(8000);

    deepEqual(subject.world.envoys[0]?.signals, ['SIGTERM', 'SIGKILL']);
    await subject.finish();
  });
});

describe('a draining Envoy that dies early (U15)', () => {
  it('has its child replaced, by another of the same configuration and outside of the budget', async () => {
    const subject = await overlapping();

    subject.world.envoys[0]?.end(KILLED);
    const diedMs = subject.clock.monotonicMs();
    await subject.pass(200);

    ok(subject.recorded.messages('error').some((text) => text.includes('epoch 1 would abort')));
    deepEqual(subject.world.envoys[1]?.signals, ['SIGKILL']);
    const third = subject.world.envoys[2];
    deepEqual([third?.epoch, third?.startedMs, third?.live], [0, diedMs, true]);
    equal(subject.launches.at(-1)?.contentOf, 1);
    equal(subject.supervisor.snapshot().budget, 10);
    await subject.finish();
  });

  it('has its child left alone when that could not be replaced, until it aborts: then without delay', async () => {
    const subject = await overlapping();
    subject.world.check = () => ({ code: 1, stderr: 'no such file' });

    subject.world.envoys[0]?.end(KILLED);
    await subject.pass(1000);
    deepEqual(subject.world.envoys[1]?.signals, []);
    ok(
      subject.recorded
        .messages('warn')
        .some((text) => text.startsWith('epoch 1 is left to itself: no such file')),
    );
    subject.world.envoys[1]?.end({ code: null, signal: 'SIGABRT' });
    const diedMs = subject.clock.monotonicMs();
    await subject.pass(200);

    equal(subject.world.envoys[2]?.startedMs, diedMs);
    equal(subject.supervisor.snapshot().budget, 10);
    await subject.finish();
  });

  it('has its child left alone under the policy never', async () => {
    const subject = await overlapping(false, { restartPolicy: 'never' });

    subject.world.envoys[0]?.end(KILLED);
    await subject.pass(1000);

    deepEqual(subject.world.envoys[1]?.signals, []);
    await subject.finish();
  });

  it('keeps its child from handing over, which would make it abort at once', async () => {
    const subject = await overlapping();
    subject.world.check = () => ({ code: 1, stderr: 'no such file' });
    subject.world.envoys[0]?.end(KILLED);
    await subject.pass(100);
    subject.world.check = () => ({ code: 0, stderr: '11.104' });

    void subject.supervisor.restart('another', { force: true });
    await subject.pass(1000);

    equal(subject.world.envoys.length, 2);
    await subject.finish();
  });
});
