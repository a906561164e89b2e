import { deepEqual, equal, match, ok } from 'node:assert/strict';

import type { ShutdownConfig } from '../../../src/config/shutdown-config.ts';
import type { ModelSupervisor } from '../support/model-supervisor.ts';
import { COMPAT, live, signalsOf } from '../support/live-supervisor.ts';
import { shutdown } from '../support/settings.ts';

const DRAIN = '/drain_listeners?inboundonly&graceful&skip_exit';
const DRAINED = { kind: 'drained' };
/** A candidate that fails after it has taken the admin port. */
const FAILS_LATE = { ends: { afterMs: 60, exit: { code: 1, signal: null } }, liveAfterMs: undefined };

function draining(changes: Partial<ShutdownConfig>): Promise<ModelSupervisor> {
  return live({ shutdown: shutdown(changes) });
}

/** An Envoy whose admin port a candidate has taken for good, and that only the kept connection reaches. */
async function withoutAdmin(changes: Partial<ShutdownConfig> = {}): Promise<ModelSupervisor> {
  const subject = await draining(changes);
  subject.world.behave = () => FAILS_LATE;
  await subject.restart(300);
  equal(subject.supervisor.snapshot().phase, 'degraded');
  return subject;
}

function warnings(subject: ModelSupervisor, pattern: RegExp): readonly string[] {
  return subject.recorded.messages('warn').filter((message) => pattern.test(message));
}

describe('drain', () => {
  describe('with PRE_DRAIN_DELAY', () => {
    it('begins after it', async () => {
      const subject = await draining({ preDrainDelayMs: 3000, terminationDrainMs: 1000 });

      subject.stop();
      await subject.pass(2950);
      deepEqual(subject.world.posts, []);
      await subject.pass(100);
      deepEqual(subject.world.posts, [DRAIN]);
      await subject.pass(1000);

      deepEqual(subject.end, DRAINED);
    });

    it('does not begin when Envoy ends first', async () => {
      const subject = await draining({ preDrainDelayMs: 60_000 });
      subject.stop();
      await subject.pass(500);

      subject.world.envoys[0]?.end({ code: 0, signal: null });
      await subject.pass(50);

      deepEqual([subject.world.posts, subject.end], [[], DRAINED]);
    });

    it('does not begin when it is told not to wait any more', async () => {
      const subject = await draining({ preDrainDelayMs: 60_000 });
      subject.stop();
      await subject.pass(500);

      subject.supervisor.skipDrain();
      await subject.pass(50);

      deepEqual([subject.world.posts, subject.end], [[], DRAINED]);
    });

    it('waits for nothing without an Envoy', async () => {
      const subject = await live(
        { shutdown: shutdown({ preDrainDelayMs: 60_000 }) },
        { liveAfterMs: undefined },
      );

      subject.stop();
      await subject.pass(700);

      deepEqual(subject.end, DRAINED);
    });
  });

  describe('with TERMINATION_GRACE_PERIOD_SECONDS', () => {
    it('stops waiting 2 s before it, says what is open, and leaves 0.5 s to the agent', async () => {
      const subject = await live(
        { shutdown: shutdown({ terminationDrainMs: 60_000, podGraceMs: 10_000, terminationGraceMs: 5000 }) },
        { ignoresTerm: true },
      );
      subject.world.stats = () => 'listener.0.0.0.0_15006.downstream_cx_active: 3\n';

      subject.stop();
      await subject.pass(7950);
      deepEqual(signalsOf(subject), []);
      await subject.pass(100);
      deepEqual(signalsOf(subject), [[0, 'SIGTERM']]);
      await subject.pass(1400);
      deepEqual(signalsOf(subject), [[0, 'SIGTERM']]);
      await subject.pass(100);

      deepEqual(signalsOf(subject).at(-1), [0, 'SIGKILL']);
      deepEqual(subject.end, DRAINED);
      deepEqual(warnings(subject, /^TERMINATION_GRACE/), [
        'TERMINATION_GRACE_PERIOD_SECONDS ends the drain, still open: 3 connections',
      ]);
    });

    it('asks the kernel what is open where Envoy has no statistics', async () => {
      const subject = await draining({ terminationDrainMs: 60_000, podGraceMs: 3000 });
      subject.world.sockets = (pid) => (pid === subject.world.envoys[0]?.pid ? 2 : 0);

      subject.stop();
      await subject.pass(1100);

      match(warnings(subject, /^TERMINATION_GRACE/)[0] ?? '', /still open: 2 connections$/);
      deepEqual(subject.end, DRAINED);
    });

    it('asks an Envoy that hangs for nothing', async () => {
      const subject = await draining({
        terminationDrainMs: 60_000,
        podGraceMs: 6000,
        terminationGraceMs: 1000,
      });
      const [envoy] = subject.world.envoys;
      if (envoy !== undefined) envoy.stuck = true;

      subject.stop();
      await subject.pass(4000 + 200 + 1000 + 50);

      match(warnings(subject, /^TERMINATION_GRACE/)[0] ?? '', /an unknown number of connections$/);
      deepEqual(subject.end, DRAINED);
    });

    it('cuts the delay before the drain, too', async () => {
      const subject = await draining({ preDrainDelayMs: 60_000, podGraceMs: 5000 });

      subject.stop();
      await subject.pass(3050);

      deepEqual([subject.world.posts, subject.end], [[], DRAINED]);
    });

    it('cuts the wait for a handoff', async () => {
      const subject = await draining({ podGraceMs: 4000, terminationGraceMs: 1000 });
      subject.world.behave = () => ({ liveAfterMs: undefined });
      void subject.supervisor.restart('test');
      await subject.pass(500);

      subject.stop();
      await subject.pass(4000);

      deepEqual(subject.end, DRAINED);
    });

    it('does not let Envoy wait at all when there is no grace', async () => {
      const subject = await draining({ podGraceMs: 0 });

      subject.stop();
      await subject.pass(300);

      deepEqual([signalsOf(subject), subject.end], [[[0, 'SIGKILL']], DRAINED]);
    });

    it('does not matter where the drain ends sooner', async () => {
      const subject = await draining({ podGraceMs: 30_000 });

      subject.stop();
      await subject.pass(5050);

      deepEqual([warnings(subject, /^TERMINATION_GRACE/), subject.end], [[], DRAINED]);
    });
  });

  describe('of an Envoy without admin port', () => {
    it('is asked for over the kept connection', async () => {
      const subject = await withoutAdmin();

      subject.stop();
      await subject.pass(4950);
      deepEqual([subject.world.posts, signalsOf(subject)], [[DRAIN], []]);
      await subject.pass(100);

      deepEqual(subject.end, DRAINED);
    });

    it('lasts terminationDrainDuration when nobody can be asked', async () => {
      const subject = await withoutAdmin();
      subject.world.broken = subject.world.lifelines;

      subject.stop();
      await subject.pass(4950);
      deepEqual([subject.world.posts, signalsOf(subject)], [[], []]);
      await subject.pass(100);

      deepEqual(subject.end, DRAINED);
      match(
        warnings(subject, /cannot be asked/)[0] ?? '',
        /epoch 0 has no admin port and no kept connection$/,
      );
    });

    it('ends when the kernel has no more connections', async () => {
      const exitOnZero = {
        of: 'connections',
        minimumDrainMs: 1000,
        maximumDrainMs: undefined,
        ignoredPorts: [],
      } as const;
      const subject = await withoutAdmin({ exitOnZero });
      subject.world.broken = subject.world.lifelines;
      const left = [2, 1, 0];
      subject.world.sockets = () => left.shift() ?? 0;

      subject.stop();
      await subject.pass(3950);
      equal(subject.end, undefined);
      await subject.pass(100);

      deepEqual([left, subject.end], [[], DRAINED]);
    });
  });

  it('does not take connections the kernel knows of for requests', async () => {
    const exitOnZero = {
      of: 'requests',
      minimumDrainMs: 0,
      maximumDrainMs: undefined,
      ignoredPorts: [],
    } as const;
    const subject = await withoutAdmin({ exitOnZero });
    subject.world.broken = subject.world.lifelines;

    subject.stop();
    await subject.pass(4950); // five looks a second apart
    equal(subject.end, undefined);
    await subject.pass(100);

    deepEqual(subject.end, DRAINED);
  });

  describe('asked for by a drain request', () => {
    it('is asked of an Envoy that is not live yet only where the agent is the reference', async () => {
      const posts = await Promise.all(
        [COMPAT, {}].map(async (settings) => {
          const subject = await live(settings, { liveAfterMs: undefined });
          await subject.supervisor.drain();
          await subject.finish();
          return subject.world.posts;
        }),
      );

      deepEqual(posts, [[DRAIN], []]);
    });

    it('is refused restarts from then on', async () => {
      const subject = await live();
      await subject.supervisor.drain();

      deepEqual(await subject.supervisor.restart('test'), { kind: 'refused', why: 'the proxy is draining' });
      await subject.finish();
    });

    it('is that of the Envoy that comes out of a handoff, which is replaced no more', async () => {
      const subject = await live();
      subject.world.behave = () => ({ liveAfterMs: 3000 });
      void subject.supervisor.restart('test');
      await subject.pass(500);

      void subject.supervisor.drain();
      await subject.pass(500);
      deepEqual(subject.world.posts, []);
      await subject.pass(3000);

      deepEqual(subject.world.posts, [DRAIN]);
      equal(subject.supervisor.snapshot().active?.epoch, 1);
      await subject.finish();
    });

    it('goes over the kept connection to an Envoy without admin port, which is not replaced', async () => {
      const subject = await withoutAdmin();

      await subject.supervisor.drain();
      await subject.pass(5000);

      equal(subject.world.envoys.length, 2);
      deepEqual(subject.world.posts, [DRAIN]);
      await subject.finish();
    });

    it('keeps the Envoy from being started whose gates are still asked', async () => {
      let ready = false;
      const subject = await live({}, {}, { xdsReady: () => ({ ok: ready, reason: 'not connected' }) });
      const outcome = subject.supervisor.restart('test');
      await subject.pass(1000);

      await subject.supervisor.drain();
      ready = true;
      await subject.pass(1000);

      equal((await outcome).kind, 'refused');
      equal(subject.world.envoys.length, 1);
      await subject.finish();
    });

    it('changes nothing once the agent ends', async () => {
      const subject = await live();
      subject.stop();
      await subject.pass(1000);

      await subject.supervisor.drain();
      await subject.pass(3950);
      deepEqual([subject.world.posts, subject.end], [[DRAIN], undefined]);
      await subject.pass(100);

      deepEqual(subject.end, DRAINED);
    });

    it('does not happen with NATIVE_SIDECAR_DRAIN=false: the end is as any other', async () => {
      const subject = await draining({ nativeSidecarDrain: false });
      await subject.supervisor.drain();
      deepEqual(subject.world.posts, []);

      subject.stop();
      await subject.pass(4950);
      deepEqual([subject.world.posts, subject.end], [[DRAIN], undefined]);
      await subject.pass(100);

      deepEqual(subject.end, DRAINED);
      ok(subject.recorded.messages().includes('Envoy is not asked to drain: NATIVE_SIDECAR_DRAIN is false'));
    });
  });
});
