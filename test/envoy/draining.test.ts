import { deepEqual, equal, ok } from 'node:assert/strict';

import { ModelSupervisor } from './support/model-supervisor.ts';

const KILLED = { code: null, signal: 'SIGKILL' } as const;

/** Two Envoys: epoch 1 active since about 250 ms, epoch 0 draining until two seconds later. */
async function overlapping(oldStays = false): Promise<ModelSupervisor> {
  const subject = new ModelSupervisor();
  await subject.start((index) => ({ ignoresTerm: oldStays && index === 0 }));
  void subject.supervisor.restart('test');
  await subject.pass(300);
  return subject;
}

describe('a draining Envoy', () => {
  it('whose child was killed is ended when its time has come', async () => {
    const subject = await overlapping();

    subject.world.envoys[1]?.end(KILLED);
    await subject.pass(1000);
    deepEqual(subject.world.envoys[0]?.signals, []);
    await subject.pass(1500);

    deepEqual(subject.world.envoys[0]?.signals, ['SIGTERM']);
    await subject.finish();
  });

  it('whose child was killed does not delay the next start, which takes another base id', async () => {
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

  it('that ignores SIGTERM is killed five seconds later', async () => {
    const subject = await overlapping(true);

    subject.world.envoys[1]?.end(KILLED);
    await subject.pass(8000);

    deepEqual(subject.world.envoys[0]?.signals, ['SIGTERM', 'SIGKILL']);
    await subject.finish();
  });

  it('that dies early foretells the end of its child, which is then replaced without delay', async () => {
    const subject = await overlapping();

    subject.world.envoys[0]?.end(KILLED);
    await subject.pass(100);
    ok(subject.recorded.messages('error').some((text) => text.includes('epoch 1 will abort')));
    subject.world.envoys[1]?.end({ code: null, signal: 'SIGABRT' });
    const diedMs = subject.clock.monotonicMs();
    await subject.pass(200);

    equal(subject.world.envoys[2]?.startedMs, diedMs);
    await subject.finish();
  });
});
