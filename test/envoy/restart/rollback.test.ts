import { deepEqual, equal, match, ok } from 'node:assert/strict';

import { KILLED, type Behaviour } from '../support/model-envoy.ts';
import { ModelSupervisor } from '../support/model-supervisor.ts';

const FAILED = { code: 1, signal: null } as const;

/** Ends before it touches its parent. */
const EARLY: Behaviour = { takesAdmin: false, ends: { afterMs: 30, exit: FAILED, stderr: 'no such file\n' } };
/** Ends with the admin port of its parent. */
const LATE: Behaviour = { liveAfterMs: undefined, ends: { afterMs: 45, exit: FAILED } };
const HANGING: Behaviour = { liveAfterMs: undefined };

describe('rollBack', () => {
  let subject: ModelSupervisor;

  beforeEach(() => {
    subject = new ModelSupervisor();
  });
  afterEach(() => subject.finish());

  /** Starts a good Envoy, and has the next ones behave as told; what comes after those is good. */
  async function startBefore(...behaviours: readonly Behaviour[]): Promise<void> {
    await subject.start((index) => behaviours[index - 1] ?? {});
    subject.configured = { hash: 'new' };
  }

  const signalsOf = (index: number): readonly string[] => subject.world.envoys[index]?.signals ?? [];

  describe('of a candidate that failed before it took the admin port', () => {
    it('U11: serves on as if nothing had been, and uses its number again', async () => {
      await startBefore(EARLY);

      const outcome = await subject.restart(300);

      deepEqual(outcome, { kind: 'rolled-back', why: 'exit code 1 before it was live: no such file' });
      equal(subject.supervisor.snapshot().phase, 'running');
      equal(subject.world.flag, 'clear');
      deepEqual(signalsOf(0), []);
      subject.configured = { hash: 'newer' };
      deepEqual(await subject.restart(300), { kind: 'committed', epoch: 1, generation: 2 });
    });

    it('does not try the same configuration again', async () => {
      await startBefore(EARLY);
      await subject.restart(300);

      const outcome = await subject.restart(300);

      match(JSON.stringify(outcome), /unchanged since it failed: exit code 1/);
      equal(subject.world.envoys.length, 2);
    });

    for (const words of [
      'previous envoy process is still initializing',
      'unable to bind domain socket with base_id=10, id=1, errno=98 (see --base-id option)',
    ]) {
      it(`tries again when it said "${words.slice(0, 36)}"`, async () => {
        const transient: Behaviour = { ...EARLY, ends: { afterMs: 30, exit: FAILED, stderr: `${words}\n` } };
        await startBefore(transient, transient);

        equal((await subject.restart(1500))?.kind, 'committed');

        const starts = subject.world.envoys.slice(1).map(({ startedMs }) => startedMs);
        deepEqual(
          subject.world.envoys.map(({ epoch }) => epoch),
          [0, 1, 1, 1],
        );
        const [first = 0, second = 0, third = 0] = starts;
        deepEqual([second - first - 30, third - second - 30], [200, 400]);
        deepEqual(
          subject.launches.slice(1).map(({ contentOf }) => contentOf),
          [1, 1, 1],
        );
      });
    }

    it('gives up after ten more attempts, and holds it against nothing', async () => {
      const words = 'previous envoy process is still initializing\n';
      const transient: Behaviour = { ...EARLY, ends: { afterMs: 30, exit: FAILED, stderr: words } };
      await startBefore(...Array.from({ length: 11 }, () => transient));

      await subject.restart(400_000);

      equal(subject.outcomes[0]?.kind, 'rolled-back');
      equal(subject.world.envoys.length, 12);
      equal((await subject.restart(300))?.kind, 'committed');
    });

    it('refuses the next restart when the bit stays set, and serves on', async () => {
      await startBefore(EARLY);
      subject.world.damaged = true;
      await subject.restart(300);
      subject.configured = { hash: 'newer' };

      match(JSON.stringify(await subject.restart(300)), /not possible until a cold restart/);
      equal(subject.supervisor.snapshot().phase, 'running');
    });
  });

  describe('of a candidate that failed with the admin port', () => {
    it('U12: wins the port back with what served, at the same number, and clears the bit', async () => {
      await startBefore(LATE);
      await subject.restart(300);
      deepEqual(
        [subject.supervisor.snapshot().phase, subject.supervisor.snapshot().adminLost],
        ['degraded', true],
      );
      equal(subject.world.flag, 'clear');

      await subject.pass(1500);

      deepEqual(subject.launches.at(-1), { epoch: 1, generation: 2, contentOf: 0 });
      const { phase, active, adminLost } = subject.supervisor.snapshot();
      deepEqual([phase, active?.epoch, adminLost], ['running', 1, false]);
    });

    it('U12: repairs less and less often while that fails, up to once a minute', async () => {
      await startBefore(...Array.from({ length: 9 }, () => LATE));

      await subject.restart(300);
      await subject.pass(300_000, 500);

      const starts = subject.world.envoys.slice(2).map(({ startedMs }) => startedMs);
      const pauses = starts.slice(1).map((ms, at) => Math.floor((ms - (starts[at] ?? 0)) / 1000));
      deepEqual(pauses.slice(0, 7), [2, 4, 8, 16, 32, 60, 60]);
      equal(subject.supervisor.snapshot().phase, 'running');
    });

    it('lets requests wait for the repair', async () => {
      await startBefore(LATE);
      await subject.restart(300);
      subject.configured = { hash: 'newer' };

      await subject.restart(5000);

      deepEqual(subject.outcomes.at(-1), { kind: 'committed', epoch: 2, generation: 3 });
    });

    it('stays without it when the bit cannot be cleared, and says so every minute', async () => {
      await startBefore(LATE);
      subject.world.damaged = true;

      await subject.restart(300);
      await subject.pass(150_000, 500);

      equal(subject.world.envoys.length, 2);
      const { phase, adminLost, active } = subject.supervisor.snapshot();
      deepEqual([phase, adminLost, active?.generation], ['degraded', true, 0]);
      const warnings = subject.recorded
        .messages('warn')
        .filter((text) => text.includes('without admin port'));
      match(warnings[0] ?? '', /only a cold restart brings it back/);
      equal(warnings.length, 3);
    });

    it('is repaired by the cold start that follows the end of such an Envoy', async () => {
      await startBefore(LATE);
      subject.world.damaged = true;
      await subject.restart(300);
      subject.world.damaged = false;

      subject.world.envoys[0]?.end(KILLED);
      await subject.pass(500);

      deepEqual(
        [subject.supervisor.snapshot().phase, subject.supervisor.snapshot().adminLost],
        ['running', false],
      );
    });
  });

  it('does not take an active Envoy that is slow to answer for one that has lost its port', async () => {
    await startBefore(EARLY);
    subject.world.behave = (index) => {
      const [first] = subject.world.envoys;
      if (index === 1 && first !== undefined) first.stuck = true;
      return index === 1 ? EARLY : {};
    };

    await subject.restart(10_000);

    equal(subject.outcomes[0]?.kind, 'rolled-back');
    const { phase, active } = subject.supervisor.snapshot();
    deepEqual([phase, active?.generation], ['running', 0]);
  });

  it('U13: kills a candidate that is not live in time, and never sends SIGTERM', async () => {
    await startBefore(HANGING);
    await subject.restart(59_000);
    deepEqual(signalsOf(1), []);

    await subject.pass(2000);

    deepEqual(subject.outcomes[0], { kind: 'rolled-back', why: 'not live within 60000 ms' });
    deepEqual(signalsOf(1), ['SIGKILL']);
    deepEqual(signalsOf(0), []);
  });

  it('U13: holds a deadline against nothing', async () => {
    await startBefore(HANGING);
    await subject.restart(62_000, {});
    await subject.pass(5000);

    equal((await subject.restart(300))?.kind, 'committed');
  });

  it('starts cold at once with what served when a candidate ended with code 0 and took that along', async () => {
    await startBefore({ liveAfterMs: undefined, ends: { afterMs: 45, exit: { code: 0, signal: null } } });

    const outcome = await subject.restart(300);

    equal(outcome?.kind, 'rolled-back');
    deepEqual(subject.launches.at(-1), { epoch: 0, generation: 2, contentOf: 0 });
    equal(subject.supervisor.snapshot().active?.generation, 2);
    match(JSON.stringify(await subject.restart(300)), /unchanged since it failed/);
  });

  it('knows that a candidate took the active one along though that was gone first', async () => {
    await startBefore(HANGING);
    await subject.restart(300);

    subject.world.envoys[0]?.end({ code: 0, signal: null });
    await subject.pass(50);
    subject.world.envoys[1]?.end({ code: 0, signal: null }, 'Skipping initialization of secondary cluster\n');
    await subject.pass(300);

    deepEqual(signalsOf(1), []);
    match(JSON.stringify(subject.outcomes[0]), /rolled-back.*exit code 0 before it was live: Skipping/);
    deepEqual(subject.launches.at(-1), { epoch: 0, generation: 2, contentOf: 0 });
    match(JSON.stringify(await subject.restart(300)), /unchanged since it failed/);
  });

  it('starts cold beside an Envoy that has closed its listeners for a candidate that died right after', async () => {
    await startBefore({ ends: { afterMs: 60, exit: { code: null, signal: 'SIGSEGV' } } });

    await subject.restart(400);

    const { active, draining, baseId } = subject.supervisor.snapshot();
    deepEqual([active?.epoch, active?.generation, baseId], [0, 2, 2]);
    deepEqual(
      draining.map(({ generation }) => generation),
      [0],
    );
    deepEqual(subject.launches.at(-1)?.contentOf, 0);
  });

  it('does not wait for a candidate whose parent was killed, and starts cold', async () => {
    await startBefore(HANGING);
    await subject.restart(300);

    subject.world.envoys[0]?.end(KILLED);
    await subject.pass(300);

    deepEqual(signalsOf(1), ['SIGKILL']);
    equal(subject.supervisor.snapshot().active?.generation, 2);
    ok(subject.end === undefined);
  });
});
