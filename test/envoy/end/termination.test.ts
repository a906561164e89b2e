import { deepEqual, equal } from 'node:assert/strict';

import type { EnvoyDeps } from '../../../src/envoy/envoy-deps.ts';
import type { EnvoySettings } from '../../../src/envoy/settings.ts';
import { ModelSupervisor } from '../support/model-supervisor.ts';
import { shutdown } from '../support/settings.ts';

const DRAIN_SIDECAR = '/drain_listeners?inboundonly&graceful&skip_exit';

async function running(
  settings: Partial<EnvoySettings> = {},
  ignoresTerm = false,
  deps: Partial<EnvoyDeps> = {},
): Promise<ModelSupervisor> {
  const subject = new ModelSupervisor(settings, deps);
  await subject.start(() => ({ ignoresTerm }));
  return subject;
}

describe('terminate', () => {
  it('drains, waits terminationDrainDuration, and sends SIGTERM', async () => {
    const subject = await running();

    subject.stop();
    await subject.pass(4900);
    deepEqual(subject.world.posts, [DRAIN_SIDECAR]);
    deepEqual(subject.world.envoys[0]?.signals, []);
    await subject.pass(200);

    deepEqual(subject.world.envoys[0]?.signals, ['SIGTERM']);
    deepEqual(subject.end, { kind: 'drained' });
  });

  it('kills an Envoy that is still there two seconds later', async () => {
    const subject = await running({}, true);

    subject.stop();
    await subject.pass(6900);
    deepEqual(subject.world.envoys[0]?.signals, ['SIGTERM']);
    await subject.pass(200);

    deepEqual(subject.world.envoys[0]?.signals, ['SIGTERM', 'SIGKILL']);
    deepEqual(subject.end, { kind: 'drained' });
  });

  it('kills at once when there is no grace', async () => {
    const subject = await running({ shutdown: shutdown({ terminationGraceMs: 0 }) });

    subject.stop();
    await subject.pass(5100);

    deepEqual(subject.world.envoys[0]?.signals, ['SIGKILL']);
  });

  it('drains all listeners of a gateway', async () => {
    const subject = await running({ drainInboundOnly: false });

    subject.stop();
    await subject.pass(100);

    deepEqual(subject.world.posts, ['/drain_listeners?graceful&skip_exit']);
    await subject.finish();
  });

  it('does not drain again after a drain request, and ends at once', async () => {
    const subject = await running();
    await subject.supervisor.drain();

    subject.stop();
    await subject.pass(50);

    deepEqual(subject.world.posts, [DRAIN_SIDECAR]);
    deepEqual(subject.end, { kind: 'drained' });
  });

  it('refuses planned restarts after a drain request', async () => {
    const subject = await running();
    await subject.supervisor.drain();

    deepEqual(await subject.supervisor.restart('test'), { kind: 'refused', why: 'the proxy is draining' });
    await subject.finish();
  });

  it('makes the Envoy drain that comes out of a handoff, and replaces it no more', async () => {
    const subject = await running();
    subject.world.behave = () => ({ liveAfterMs: 3000 });
    void subject.supervisor.restart('test');
    await subject.pass(500);

    void subject.supervisor.drain();
    await subject.pass(500);
    deepEqual(subject.world.posts, []);
    await subject.pass(3000);

    deepEqual(subject.world.posts, [DRAIN_SIDECAR]);
    equal(subject.supervisor.snapshot().active?.epoch, 1);
    await subject.finish();
  });

  it('does not replace an Envoy without admin port after a drain request, and drains it by the kept connection', async () => {
    const subject = await running();
    const failing = { ends: { afterMs: 60, exit: { code: 1, signal: null } }, liveAfterMs: undefined };
    subject.world.behave = () => failing;
    await subject.restart(300);
    equal(subject.supervisor.snapshot().phase, 'degraded');

    await subject.supervisor.drain();
    await subject.pass(5000);

    equal(subject.world.envoys.length, 2);
    deepEqual(subject.world.posts, [DRAIN_SIDECAR]);
    await subject.finish();
  });

  it('does not start the Envoy whose gates are still asked when the drain request comes', async () => {
    let ready = false;
    const subject = await running({}, false, { xdsReady: () => ({ ok: ready, reason: 'not connected' }) });
    const outcome = subject.supervisor.restart('test');
    await subject.pass(1000);

    await subject.supervisor.drain();
    ready = true;
    await subject.pass(1000);

    equal((await outcome).kind, 'refused');
    equal(subject.world.envoys.length, 1);
    await subject.finish();
  });

  it('lets an old Envoy finish whose child has ended during the drain, and ends with it', async () => {
    const subject = await running({ shutdown: shutdown({ terminationDrainMs: 60_000 }) });
    await subject.restart(300); // the old one has two seconds
    subject.stop();
    await subject.pass(300);

    subject.world.envoys[1]?.end({ code: null, signal: 'SIGSEGV' });
    await subject.pass(1000);
    equal(subject.world.sent.length, 0);
    await subject.pass(1000);

    deepEqual(
      subject.world.sent.map(({ envoy, name }) => [envoy.epoch, name]),
      [[0, 'SIGTERM']],
    );
    deepEqual(subject.end, { kind: 'drained' });
  });

  it('ends at once when it is told to in the middle of the drain', async () => {
    const subject = await running();
    subject.stop();
    await subject.pass(1000);

    subject.supervisor.skipDrain();
    await subject.pass(50);

    deepEqual(subject.end, { kind: 'drained' });
  });

  it('returns at once when Envoy ends during the drain', async () => {
    const subject = await running();
    subject.stop();
    await subject.pass(1000);

    subject.world.envoys[0]?.end({ code: 0, signal: null });
    await subject.pass(50);

    deepEqual(subject.end, { kind: 'drained' });
  });

  it('ends at once while it waits to start Envoy again', async () => {
    const subject = await running();
    subject.world.behave = () => ({ ends: { afterMs: 10, exit: { code: 1, signal: null } } });
    subject.world.envoys[0]?.end({ code: 1, signal: null });
    await subject.pass(2000);
    equal(subject.supervisor.snapshot().phase, 'backoff');

    subject.stop();
    await subject.pass(50);

    deepEqual(subject.end, { kind: 'drained' });
    equal(subject.clock.sleepers, 0);
  });

  it('answers a restart that waits for its turn', async () => {
    const subject = await running();
    void subject.supervisor.restart('first');
    await subject.pass(300);
    const second = subject.supervisor.restart('second');

    await subject.finish();

    deepEqual(await second, { kind: 'refused', why: 'the supervisor has ended' });
  });

  describe('with EXIT_ON_ZERO_ACTIVE_CONNECTIONS', () => {
    const exitOnZero = {
      of: 'connections',
      minimumDrainMs: 5000,
      maximumDrainMs: undefined,
      ignoredPorts: [15021],
    } as const;
    const settings = { shutdown: shutdown({ exitOnZero }) };
    const open = (count: number): string => `listener.0.0.0.0_15006.downstream_cx_active: ${count}\n`;

    it('waits the minimum, then until no connection is open', async () => {
      const subject = await running(settings);
      const answers = [open(6), open(3), open(0)];
      subject.world.stats = () => answers.shift() ?? '';

      subject.stop();
      await subject.pass(7900);
      equal(subject.end, undefined);
      await subject.pass(200);

      deepEqual(subject.end, { kind: 'drained' });
      deepEqual(answers, []);
    });

    it('ends when Envoy has no statistics', async () => {
      const subject = await running(settings);

      subject.stop();
      await subject.pass(6100);

      deepEqual(subject.end, { kind: 'drained' });
    });

    it('asks an Envoy whose kept connection broke over a new one', async () => {
      const subject = await running(settings);
      subject.world.broken = subject.world.lifelines;
      const answers = [open(1), open(0)];
      subject.world.stats = () => answers.shift() ?? '';

      subject.stop();
      await subject.pass(7100);

      deepEqual([answers, subject.end], [[], { kind: 'drained' }]);
    });

    it('gives up after five answers in a row that failed', async () => {
      const subject = await running(settings);
      let asked = 0;
      subject.world.stats = () => {
        asked += 1;
        if (asked === 5) return open(2);
        throw new Error('reset');
      };

      subject.stop();
      await subject.pass(14_900);
      equal(subject.end, undefined);
      await subject.pass(200);

      equal(asked, 10);
      deepEqual(subject.end, { kind: 'drained' });
    });
  });
});
