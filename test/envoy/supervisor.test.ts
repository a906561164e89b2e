import { deepEqual, equal, ok } from 'node:assert/strict';

import type { Exit } from '../../src/runtime/spawn.ts';
import { ModelSupervisor } from './support/model-supervisor.ts';
import { shutdown } from './support/settings.ts';

const exit = (code: number): Exit => ({ code, signal: null });
const KILLED: Exit = { code: null, signal: 'SIGKILL' };

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

  describe('when the active Envoy ends unasked', () => {
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
  });

  describe('with --hot-restart=false and --restart-policy=never', () => {
    const settings = {
      hotRestart: false,
      restartPolicy: 'never',
      shutdown: shutdown({ terminationGraceMs: 0 }),
    } as const;
    const command =
      'Envoy command: [-c envoy-rev0.json --drain-time-s 1 --drain-strategy immediate ' +
      '--local-address-ip-version v4 --file-flush-interval-msec 1000 --disable-hot-restart ' +
      '--allow-unknown-static-fields -l info --concurrency 2]';
    const told = ({ recorded }: ModelSupervisor): string[] =>
      recorded.records.filter(({ level }) => level !== 'debug').map(({ message }) => message);

    it('logs what upstream logs at the end, in its order, and nothing else', async () => {
      const subject = new ModelSupervisor(settings);
      await subject.start();

      subject.stop();
      await subject.pass(5100);

      deepEqual(told(subject), [
        'Starting proxy agent',
        command,
        'Agent draining Proxy for termination',
        'Graceful termination period is 5s, starting...',
        'Graceful termination period complete, terminating remaining proxies.',
        'Aborting proxy',
        'Aborted proxy instance',
        'Envoy aborted normally',
      ]);
    });

    it('logs what upstream logs of an Envoy that crashed', async () => {
      const subject = new ModelSupervisor(settings);
      await subject.start();

      subject.world.envoys[0]?.end(KILLED);
      await subject.pass(50);

      deepEqual(told(subject), [
        'Starting proxy agent',
        command,
        'Envoy may have been out of memory killed. Check memory usage and limits.',
        'Envoy exited with error: signal SIGKILL',
      ]);
    });

    it('logs what upstream logs of an end after a drain request', async () => {
      const subject = new ModelSupervisor(settings);
      await subject.start();

      await subject.supervisor.drain();
      subject.stop();
      await subject.pass(50);

      deepEqual(told(subject).slice(2), [
        'Agent draining proxy',
        'Agent draining Proxy for termination',
        'Agent already drained, exiting immediately',
        'Aborting proxy',
        'Aborted proxy instance',
        'Envoy aborted normally',
      ]);
    });

    it('drains an Envoy that is not live yet as any other', async () => {
      const subject = new ModelSupervisor(settings);
      await subject.start(() => ({ liveAfterMs: undefined }));

      subject.stop();
      await subject.pass(4900);
      equal(subject.end, undefined);
      await subject.pass(200);

      deepEqual(subject.world.posts, ['/drain_listeners?inboundonly&graceful']);
      deepEqual(subject.end, { kind: 'drained' });
    });
  });
});
