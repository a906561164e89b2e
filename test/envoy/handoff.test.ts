import { deepEqual, equal, match, ok } from 'node:assert/strict';

import type { RestartOutcome } from '../../src/envoy/restart-outcome.ts';
import type { EnvoyDeps } from '../../src/envoy/envoy-deps.ts';
import type { WrittenBootstrap } from '../../src/envoy/written-bootstrap.ts';
import type { Behaviour } from './support/model-envoy.ts';
import { ModelSupervisor } from './support/model-supervisor.ts';
import { bootstrapAt } from './support/settings.ts';

/** Starts, asks for one restart, lets `ms` pass. */
async function restarted(
  behave: (index: number) => Behaviour,
  ms: number,
  deps: Partial<EnvoyDeps> = {},
): Promise<{ readonly subject: ModelSupervisor; readonly outcome: () => RestartOutcome | undefined }> {
  const subject = new ModelSupervisor({}, deps);
  await subject.start(behave);
  let outcome: RestartOutcome | undefined;
  void subject.supervisor.restart('test').then((result) => (outcome = result));
  await subject.pass(ms);
  return { subject, outcome: () => outcome };
}

const candidate =
  (behaviour: Behaviour) =>
  (index: number): Behaviour =>
    index === 1 ? behaviour : {};

describe('Handoff', () => {
  it('commits the next epoch of the same line once it is live, and lets the old one drain', async () => {
    const { subject, outcome } = await restarted(() => ({}), 300);

    deepEqual(outcome(), { kind: 'committed', epoch: 1, generation: 1 });
    const { active, draining, baseId } = subject.supervisor.snapshot();
    equal(active?.epoch, 1);
    deepEqual(
      draining.map(({ epoch, state }) => ({ epoch, state })),
      [{ epoch: 0, state: 'draining' }],
    );
    equal(subject.world.envoys[1]?.flag('--base-id'), String(baseId));
    await subject.finish();
  });

  it('never signals the old Envoy: its child ends it', async () => {
    const { subject } = await restarted(() => ({}), 3000);

    deepEqual(subject.world.envoys[0]?.signals, []);
    deepEqual(
      subject.supervisor.snapshot().history.map(({ epoch, code, asked }) => ({ epoch, code, asked })),
      [{ epoch: 0, code: 0, asked: true }],
    );
    deepEqual(subject.removed, ['envoy-rev0.json']);
    await subject.finish();
  });

  it('makes one restart of many requests, and only when nothing drains any more', async () => {
    const { subject } = await restarted(() => ({}), 300);

    const outcomes = Promise.all(['a', 'b', 'a'].map((reason) => subject.supervisor.restart(reason)));
    await subject.pass(1500);
    deepEqual(subject.supervisor.snapshot().pending, ['a', 'b']);
    equal(subject.world.envoys.length, 2);
    await subject.pass(1000);

    equal(new Set(await outcomes).size, 1);
    equal(subject.world.envoys.length, 3);
    equal(subject.supervisor.snapshot().active?.reason, 'a, b');
    await subject.finish();
  });

  it('raises an alarm when listeners are missing in the new Envoy', async () => {
    const subject = new ModelSupervisor();
    subject.world.listeners = (index) => (index === 0 ? ['15001', '15006', '15021'] : ['15021']);
    await subject.start();

    void subject.supervisor.restart('test');
    await subject.pass(300);

    deepEqual(subject.recorded.messages('error'), ['listeners missing in the new Envoy: 15001, 15006']);
    await subject.finish();
  });

  describe('before it starts a process', () => {
    it('waits 20 s for the control plane, and refuses with its reason', async () => {
      const xdsReady = () => ({ ok: false, reason: 'no connection to the control plane' });
      const { subject, outcome } = await restarted(() => ({}), 19_000, { xdsReady });
      equal(outcome(), undefined);

      await subject.pass(2000);

      deepEqual(outcome(), { kind: 'refused', why: 'no connection to the control plane' });
      equal(subject.world.envoys.length, 1);
      await subject.finish();
    });

    it('goes on as soon as the control plane is there', async () => {
      let ok = false;
      const { subject, outcome } = await restarted(() => ({}), 5000, {
        xdsReady: () => ({ ok, reason: 'wait' }),
      });

      ok = true;
      await subject.pass(1000);

      equal(outcome()?.kind, 'committed');
      await subject.finish();
    });

    it('refuses a binary that speaks another restart protocol', async () => {
      const subject = new ModelSupervisor();
      subject.world.check = () => ({ code: 0, stderr: '12.104' });
      await subject.start();

      const outcome = subject.supervisor.restart('test');
      await subject.pass(200);

      match(JSON.stringify(await outcome), /refused.*12\.104.*11\.104/);
      await subject.finish();
    });

    it('refuses when the bootstrap cannot be rendered', async () => {
      const writeBootstrap = ({ epoch }: { readonly epoch: number }): Promise<WrittenBootstrap> =>
        epoch === 0
          ? Promise.resolve(bootstrapAt('envoy-rev0.json'))
          : Promise.reject(new Error('no such template'));
      const { subject, outcome } = await restarted(() => ({}), 300, { writeBootstrap });

      deepEqual(outcome(), { kind: 'refused', why: 'the bootstrap cannot be rendered: no such template' });
      equal(subject.supervisor.snapshot().phase, 'running');
      await subject.finish();
    });

    it('refuses a bootstrap that Envoy refuses, in its words, and removes the file', async () => {
      const subject = new ModelSupervisor();
      await subject.start();
      subject.world.check = (args) =>
        args.includes('--mode')
          ? { code: 1, stderr: '[t][1][critical][main] [x:1] unknown field\n' }
          : { code: 0, stderr: '11.104' };

      const outcome = subject.supervisor.restart('test');
      await subject.pass(200);

      deepEqual(await outcome, { kind: 'refused', why: 'unknown field (--mode validate: exit code 1)' });
      equal(subject.world.envoys.length, 1);
      deepEqual(subject.removed, ['envoy-rev1.json']);
      await subject.finish();
    });

    it('refuses, and no more than that, when the file of a refused bootstrap cannot be removed', async () => {
      const removeBootstrap = (): Promise<void> => Promise.reject(new Error('read-only file system'));
      const subject = new ModelSupervisor({}, { removeBootstrap });
      await subject.start();
      subject.world.check = (args) =>
        args.includes('--mode') ? { code: 1, stderr: '' } : { code: 0, stderr: '11.104' };

      const outcome = subject.supervisor.restart('test');
      await subject.pass(200);

      equal((await outcome).kind, 'refused');
      equal(subject.supervisor.snapshot().active?.state, 'live');
      await subject.finish();
    });

    it('opens the kept admin connection when there is none yet, before a candidate takes the port', async () => {
      const subject = new ModelSupervisor();
      subject.world.broken = 1;
      await subject.start();
      equal(subject.world.lifelines, 1);

      const outcome = subject.supervisor.restart('test');
      await subject.pass(300);

      equal((await outcome).kind, 'committed');
      equal(subject.world.lifelines, 3); // a second one to the old Envoy, and the new one's
      await subject.finish();
    });

    it('clears the bit a dead process left in the region', async () => {
      const subject = new ModelSupervisor();
      await subject.start();
      subject.world.flag = 'initializing';

      const outcome = subject.supervisor.restart('test');
      await subject.pass(200);

      equal((await outcome).kind, 'committed');
      await subject.finish();
    });
  });

  describe('with a candidate that fails', () => {
    const failed = { code: 1, signal: null } as const;

    it('before it took the admin port, serves on as if nothing had been', async () => {
      const early = { takesAdmin: false, ends: { afterMs: 30, exit: failed, stderr: 'no such file\n' } };
      const { subject, outcome } = await restarted(candidate(early), 300);

      deepEqual(outcome(), { kind: 'rolled-back', why: 'exit code 1 before it was live: no such file' });
      equal(subject.supervisor.snapshot().phase, 'running');
      equal(subject.world.flag, 'clear');
      await subject.finish();
    });

    it('after it took the admin port, wins that back with the last good configuration', async () => {
      const late = { liveAfterMs: undefined, ends: { afterMs: 45, exit: failed } };
      const { subject } = await restarted(candidate(late), 300);
      equal(subject.supervisor.snapshot().phase, 'degraded');

      await subject.pass(1500);

      deepEqual(subject.launches.at(-1), { epoch: 1, generation: 2, contentOf: 0 });
      const { phase, active } = subject.supervisor.snapshot();
      deepEqual({ phase, epoch: active?.epoch }, { phase: 'running', epoch: 1 });
      await subject.finish();
    });

    it('is killed when it is not live in time, and never gets SIGTERM', async () => {
      const { subject, outcome } = await restarted(candidate({ liveAfterMs: undefined }), 59_000);
      deepEqual(subject.world.envoys[1]?.signals, []);

      await subject.pass(2000);

      deepEqual(outcome(), { kind: 'rolled-back', why: 'not live within 60000 ms' });
      deepEqual(subject.world.envoys[1]?.signals, ['SIGKILL']);
      deepEqual(subject.world.envoys[0]?.signals, []);
      await subject.finish();
    });

    it('with code 0 and takes the active along: starts cold at once with the last good configuration', async () => {
      const clean = { liveAfterMs: undefined, ends: { afterMs: 45, exit: { code: 0, signal: null } } };
      const { subject, outcome } = await restarted(candidate(clean), 300);

      equal(outcome()?.kind, 'rolled-back');
      deepEqual(subject.launches.at(-1), { epoch: 0, generation: 2, contentOf: 0 });
      equal(subject.supervisor.snapshot().active?.generation, 2);
      await subject.finish();
    });

    it('right after it was live, unseen: the old one has no listeners any more, so a new one starts', async () => {
      const brief = { ends: { afterMs: 60, exit: { code: null, signal: 'SIGSEGV' as const } } };
      const { subject } = await restarted(candidate(brief), 400);

      const { active, draining, baseId } = subject.supervisor.snapshot();
      deepEqual(
        { epoch: active?.epoch, generation: active?.generation, baseId },
        { epoch: 0, generation: 2, baseId: 2 },
      );
      deepEqual(
        draining.map(({ generation }) => generation),
        [0],
      );
      await subject.finish();
    });

    it('because the active one was killed: does not wait, and starts cold', async () => {
      const { subject } = await restarted(candidate({ liveAfterMs: undefined }), 300);

      subject.world.envoys[0]?.end({ code: null, signal: 'SIGKILL' });
      await subject.pass(300);

      deepEqual(subject.world.envoys[1]?.signals, ['SIGKILL']);
      equal(subject.supervisor.snapshot().active?.generation, 2);
      await subject.finish();
    });
  });

  it('is given five seconds when the agent ends, then the candidate is killed and the old one drained', async () => {
    const { subject } = await restarted(candidate({ liveAfterMs: undefined }), 300);

    subject.stop();
    await subject.pass(4500);
    deepEqual(subject.world.envoys[1]?.signals, []);
    await subject.pass(1000);

    deepEqual(subject.world.envoys[1]?.signals, ['SIGKILL']);
    deepEqual(subject.world.posts, ['/drain_listeners?inboundonly&graceful']); // over the kept connection
    ok(subject.end === undefined);
    await subject.pass(6000);
    deepEqual(subject.end, { kind: 'drained' });
  });
});
