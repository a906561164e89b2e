import { deepEqual, equal, ok } from 'node:assert/strict';

import type { RestartOutcome } from '../../../src/envoy/restart/restart-outcome.ts';
import type { EnvoyDeps } from '../../../src/envoy/envoy-deps.ts';
import type { Behaviour } from '../support/model-envoy.ts';
import { ModelSupervisor } from '../support/model-supervisor.ts';

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
  it('U8: commits the next epoch of the same line once it is live, and lets the old one drain', async () => {
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

  it('U8: goes from epoch to epoch; each is ended by its child, and its file removed', async () => {
    const { subject } = await restarted(() => ({}), 3000);
    await subject.restart(3000);

    deepEqual(
      subject.world.envoys.map(({ args }) => args.join(' ')),
      [0, 1, 2].map(
        (epoch) =>
          `-c envoy-rev${epoch}.json --drain-time-s 1 --drain-strategy immediate --local-address-ip-version v4 ` +
          `--file-flush-interval-msec 1000 --restart-epoch ${epoch} --base-id 1 --parent-shutdown-time-s 2 ` +
          '--skip-hot-restart-parent-stats --allow-unknown-static-fields -l info --concurrency 2',
      ),
    );
    deepEqual(subject.world.sent, []);
    deepEqual(subject.removed, ['envoy-rev0.json', 'envoy-rev1.json']);
    deepEqual(
      subject.supervisor.snapshot().history.map(({ epoch, code, asked }) => [epoch, code, asked]),
      [
        [1, 0, true],
        [0, 0, true],
      ],
    );
    await subject.finish();
  });

  it('opens the kept admin connection when there is none yet, before a candidate takes the port', async () => {
    const subject = new ModelSupervisor();
    subject.world.broken = 1;
    await subject.start();
    equal(subject.world.lifelines, 1);

    equal((await subject.restart(300))?.kind, 'committed');

    equal(subject.world.lifelines, 3); // a second one to the old Envoy, and the new one's
    await subject.finish();
  });

  it('tells every transition in one line with epoch, generation, process and reason', async () => {
    const { subject } = await restarted(() => ({}), 300);

    const lines = subject.recorded.records
      .filter(({ message }) => message.startsWith('supervisor: '))
      .map(({ message, fields }) => [message, fields]);

    deepEqual(lines.slice(-2), [
      ['supervisor: running -> handoff', { pid: 1000, epoch: 0, generation: 0, reason: 'test' }],
      ['supervisor: handoff -> running', { pid: 1001, epoch: 1, generation: 1, reason: 'epoch 1 took over' }],
    ]);
    await subject.finish();
  });

  it('shows how far it has come, and when the old Envoy ends', async () => {
    const { subject } = await restarted(candidate({ liveAfterMs: 5000 }), 300);
    equal(subject.supervisor.snapshot().candidate?.zone, 'B');

    await subject.pass(5000);

    const { active, draining } = subject.supervisor.snapshot();
    const { configHash, binaryId, hotRestartVersion, zone } = active ?? {};
    deepEqual([configHash, binaryId, hotRestartVersion, zone], ['same', 'first', '11.104', 'C']);
    const leftMs = (draining[0]?.terminateDue?.getTime() ?? 0) - subject.clock.now();
    ok(leftMs > 1500 && leftMs < 2000, `${leftMs} ms`);
    await subject.pass(3000);
    equal(subject.supervisor.snapshot().active?.zone, 'D');
    await subject.finish();
  });

  it('U9: makes one restart of many requests, and only when nothing drains any more', async () => {
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

  it('is given five seconds when the agent ends, then the candidate is killed and the old one drained', async () => {
    const { subject } = await restarted(candidate({ liveAfterMs: undefined }), 300);

    subject.stop();
    await subject.pass(4500);
    deepEqual(subject.world.envoys[1]?.signals, []);
    await subject.pass(1000);

    deepEqual(subject.world.envoys[1]?.signals, ['SIGKILL']);
    deepEqual(subject.world.posts, ['/drain_listeners?inboundonly&graceful&skip_exit']); // over the kept connection
    ok(subject.end === undefined);
    await subject.pass(6000);
    deepEqual(subject.end, { kind: 'drained' });
  });
});
