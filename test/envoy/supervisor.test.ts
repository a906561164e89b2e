import { deepEqual, equal, ok } from 'node:assert/strict';

import { BootstrapRefused, RestartsExhausted } from '../../src/envoy/crash-policy.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import type { Exit } from '../../src/runtime/spawn.ts';
import { ModelSupervisor } from './support/model-supervisor.ts';

const exit = (code: number): Exit => ({ code, signal: null });
const KILLED: Exit = { code: null, signal: 'SIGKILL' };
const REFUSAL = '[2026-01-01][7][critical][main] [server.cc:1] error `no such thing` initializing config x\n';

describe('EnvoySupervisor', () => {
  it('starts Envoy at epoch 0 with a base id and shows it live', async () => {
    const subject = new ModelSupervisor();

    await subject.start();

    const { phase, baseId, active } = subject.supervisor.snapshot();
    deepEqual(
      { phase, baseId, epoch: active?.epoch, state: active?.state },
      {
        phase: 'running',
        baseId: 1,
        epoch: 0,
        state: 'live',
      },
    );
    equal(subject.world.envoys[0]?.flag('--base-id'), '1');
    equal(subject.world.envoys[0].env?.['RESTART_EPOCH'], '0');
    await subject.finish();
  });

  it('leaves no timer, no process and no bootstrap behind', async () => {
    const subject = new ModelSupervisor();
    await subject.start();

    await subject.finish();

    deepEqual(subject.end, { kind: 'drained' });
    deepEqual(subject.world.alive, []);
    deepEqual(subject.removed, ['envoy-rev0.json']);
    equal(subject.clock.sleepers, 0);
  });

  describe('before any Envoy was live', () => {
    it('throws the words of an Envoy that ends with code 1, and does not try again', async () => {
      const subject = new ModelSupervisor();

      await subject.start(() => ({ ends: { afterMs: 30, exit: exit(1), stderr: REFUSAL } }));

      ok(subject.end instanceof BootstrapRefused);
      equal(subject.end.message, 'Envoy refused its bootstrap envoy-rev0.json: no such thing');
      equal(subject.world.envoys.length, 1);
    });

    for (const [name, how] of [
      ['with code 0', exit(0)],
      ['by SIGKILL', KILLED],
    ] as const) {
      it(`starts an Envoy that ended ${name} again after 200 ms`, async () => {
        const subject = new ModelSupervisor();

        await subject.start((index) => (index === 0 ? { ends: { afterMs: 30, exit: how } } : {}));
        await subject.pass(400);

        deepEqual(
          subject.world.envoys.map(({ startedMs }) => startedMs),
          [0, 230],
        );
        equal(subject.supervisor.snapshot().active?.generation, 1);
        await subject.finish();
      });
    }

    it('ends as upstream does under the policy never, whatever the exit', async () => {
      for (const how of [exit(1), exit(0), KILLED]) {
        const subject = new ModelSupervisor({ restartPolicy: 'never' });

        await subject.start(() => ({ ends: { afterMs: 30, exit: how } }));

        deepEqual(subject.end, { kind: 'exited', exit: how });
      }
    });

    it('takes another base id when the sockets of the first one are taken', async () => {
      const subject = new ModelSupervisor();
      const stderr = 'unable to bind domain socket with base_id=10, id=0, errno=98 (see --base-id option)\n';

      await subject.start((index) => (index === 0 ? { ends: { afterMs: 30, exit: exit(1), stderr } } : {}));

      equal(subject.supervisor.snapshot().baseId, 2);
      equal(subject.supervisor.snapshot().active?.state, 'live');
      await subject.finish();
      deepEqual(subject.world.unlinked, [2]); // the region of the first is another Envoy's
    });

    it('throws when the bootstrap cannot be rendered', async () => {
      const subject = new ModelSupervisor(
        {},
        { writeBootstrap: () => Promise.reject(new ConfigError('bad name')) },
      );

      await subject.start();

      ok(subject.end instanceof ConfigError);
      equal(subject.end.message, 'bad name');
    });
  });

  describe('when the active Envoy ends unasked', () => {
    it('starts it again with growing delays until the budget is empty', async () => {
      const subject = new ModelSupervisor();

      await subject.start(() => ({ ends: { afterMs: 100, exit: KILLED } }));
      await subject.pass(200_000, 100);

      const starts = subject.world.envoys.map(({ startedMs }) => startedMs);
      const delays = starts.slice(1).map((ms, at) => ms - (starts[at] ?? 0) - 100);
      deepEqual(delays, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000]);
      ok(subject.end instanceof RestartsExhausted);
    });

    it('has its full budget again after ten minutes live', async () => {
      const subject = new ModelSupervisor();
      await subject.start((index) => (index < 3 ? { ends: { afterMs: 100, exit: KILLED } } : {}));
      await subject.pass(2000);
      await subject.pass(600_000, 30_000);

      subject.world.envoys[3]?.end(KILLED);
      const diedMs = subject.clock.monotonicMs();
      await subject.pass(500);

      equal((subject.world.envoys[4]?.startedMs ?? 0) - diedMs, 200);
      await subject.finish();
    });

    it('warns of a lack of memory after a SIGKILL that was not its own', async () => {
      const subject = new ModelSupervisor();
      await subject.start();

      subject.world.envoys[0]?.end(KILLED);
      await subject.pass(50);

      ok(subject.recorded.messages('error').some((text) => text.includes('out of memory')));
      await subject.finish();
    });

    for (const [policy, how, again] of [
      ['never', KILLED, false],
      ['on-failure', exit(0), false],
      ['on-failure', exit(1), true],
      ['always', exit(0), true],
    ] as const) {
      it(`${again ? 'starts it again' : 'ends'} under ${policy} after ${JSON.stringify(how)}`, async () => {
        const subject = new ModelSupervisor({ restartPolicy: policy });
        await subject.start();

        subject.world.envoys[0]?.end(how);
        await subject.pass(400);

        deepEqual(subject.end, again ? undefined : { kind: 'exited', exit: how });
        equal(subject.world.envoys.length, again ? 2 : 1);
        await subject.finish();
      });
    }
  });

  describe('without hot restart', () => {
    it('passes --disable-hot-restart and refuses planned restarts', async () => {
      const subject = new ModelSupervisor({ hotRestart: false });
      await subject.start();

      const outcome = await subject.supervisor.restart('test');

      deepEqual(outcome, { kind: 'refused', why: 'hot restart is off' });
      ok(subject.recorded.messages('error').includes('hot restart (test) refused: hot restart is off'));
      ok(subject.world.envoys[0]?.args.includes('--disable-hot-restart'));
      await subject.finish();
    });

    it('adds nothing to the environment of Envoy', async () => {
      const subject = new ModelSupervisor({ hotRestart: false, env: { A: 'b' } });

      await subject.start();

      deepEqual(subject.world.envoys[0]?.env, { A: 'b' });
      await subject.finish();
    });

    it('goes on so, with one warning, where shared memory cannot be used', async () => {
      const subject = new ModelSupervisor();
      subject.world.memory.unusable = () => Promise.resolve('EROFS: read-only file system');

      await subject.start();

      ok(subject.world.envoys[0]?.args.includes('--disable-hot-restart'));
      deepEqual(subject.recorded.messages('warn'), [
        'hot restart is off: shared memory cannot be used: EROFS: read-only file system',
      ]);
      await subject.finish();
    });
  });
});
