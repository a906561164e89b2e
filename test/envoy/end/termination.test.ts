import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';

import { ModelSupervisor } from '../support/model-supervisor.ts';
import { COMPAT, live, signalsOf } from '../support/live-supervisor.ts';
import { argumentSettings, shutdown } from '../support/settings.ts';

const DRAIN_SIDECAR = '/drain_listeners?inboundonly&graceful';
const DRAIN_GATEWAY = '/drain_listeners?graceful';
const CRASHED = { code: null, signal: 'SIGSEGV' } as const;
const DRAINED = { kind: 'drained' };

/** No Envoy answers from now on. */
function stick({ world }: ModelSupervisor): void {
  for (const envoy of world.envoys) envoy.stuck = true;
}

describe('terminate', () => {
  describe('as the reference', () => {
    it('U1: drains, waits 5 s, and kills', async () => {
      const subject = await live(COMPAT);

      subject.stop();
      await subject.pass(4950);
      deepEqual([subject.world.posts, signalsOf(subject)], [[DRAIN_SIDECAR], []]);
      await subject.pass(100);

      deepEqual([signalsOf(subject), subject.end], [[[0, 'SIGKILL']], DRAINED]);
    });

    it('U2: drains all listeners of a gateway', async () => {
      const subject = await live({ ...COMPAT, drainInboundOnly: false });

      subject.stop();
      await subject.pass(100);

      deepEqual(subject.world.posts, [DRAIN_GATEWAY]);
      await subject.finish();
    });
  });

  it('U1: drains for as long as it takes, waits 5 s, and sends SIGTERM', async () => {
    const subject = await live();

    subject.stop();
    await subject.pass(4950);
    deepEqual([subject.world.posts, signalsOf(subject)], [[`${DRAIN_SIDECAR}&skip_exit`], []]);
    await subject.pass(100);

    deepEqual([signalsOf(subject), subject.end], [[[0, 'SIGTERM']], DRAINED]);
  });

  it('U2: drains all listeners of a gateway', async () => {
    const subject = await live({ drainInboundOnly: false });

    subject.stop();
    await subject.pass(100);

    deepEqual(subject.world.posts, [`${DRAIN_GATEWAY}&skip_exit`]);
    await subject.finish();
  });

  for (const [mode, settings] of [
    ['as the reference', COMPAT],
    ['with hot restart', {}],
  ] as const) {
    it(`U2: does not drain again after a drain request, and ends at once, ${mode}`, async () => {
      const subject = await live(settings);
      await subject.supervisor.drain();

      subject.stop();
      await subject.pass(50);

      deepEqual(subject.world.posts, [`${DRAIN_SIDECAR}&skip_exit`]);
      deepEqual(subject.end, DRAINED);
    });

    it(`U3: ends without a drain when it is told to quit, ${mode}`, async () => {
      const subject = await live(settings);

      subject.supervisor.skipDrain();
      subject.stop();
      await subject.pass(50);

      deepEqual([subject.world.posts, subject.end], [[], DRAINED]);
      ok(subject.recorded.messages().includes('Agent already drained, exiting immediately'));
    });

    it(`U4: returns at once when Envoy ends during the drain, ${mode}`, async () => {
      const subject = await live(settings);
      subject.stop();
      await subject.pass(1000);

      subject.world.envoys[0]?.end({ code: 0, signal: null });
      await subject.pass(50);

      deepEqual([signalsOf(subject), subject.end], [[], DRAINED]);
      equal(subject.recorded.messages('warn').includes('Aborting proxy'), false);
    });
  }

  it('starts nothing when it is told to end before the start', async () => {
    const subject = new ModelSupervisor();

    subject.stop();
    await subject.start();

    deepEqual([subject.world.envoys, subject.end], [[], DRAINED]);
    notEqual(subject.supervisor.snapshot().ending, undefined);
  });

  it('kills an Envoy that is still there two seconds after SIGTERM, and says so', async () => {
    const subject = await live({}, { ignoresTerm: true });

    subject.stop();
    await subject.pass(6950);
    deepEqual(signalsOf(subject), [[0, 'SIGTERM']]);
    await subject.pass(100);

    deepEqual(signalsOf(subject).at(-1), [0, 'SIGKILL']);
    ok(subject.recorded.messages('warn').includes('Envoy has not ended within 2s and is killed'));
    deepEqual(subject.end, DRAINED);
  });

  it('kills at once when there is no grace', async () => {
    const subject = await live({ shutdown: shutdown({ terminationGraceMs: 0 }) });

    subject.stop();
    await subject.pass(5100);

    deepEqual(signalsOf(subject), [[0, 'SIGKILL']]);
  });

  it('tells of the end as the reference does', async () => {
    const subject = await live();
    const before = subject.recorded.records.length;

    subject.stop();
    await subject.pass(5100);

    const said = subject.recorded.records.slice(before).map(({ message }) => message);
    deepEqual(
      said.filter((message) => !/^supervisor: |^Envoy epoch /.test(message)),
      [
        'Agent draining Proxy for termination',
        'Graceful termination period is 5s, starting...',
        'Graceful termination period complete, terminating remaining proxies.',
        'Aborting proxy',
        'Aborted proxy instance',
        'Envoy aborted normally',
      ],
    );
  });

  it('U16: ends at once when it is told again not to wait, in the middle of the drain', async () => {
    const subject = await live();
    subject.stop();
    await subject.pass(1000);

    subject.supervisor.skipDrain();
    await subject.pass(50);

    deepEqual([signalsOf(subject), subject.end], [[[0, 'SIGTERM']], DRAINED]);
  });

  it('U16: ends at once while it waits to start Envoy again', async () => {
    const subject = await live();
    subject.world.behave = () => ({ ends: { afterMs: 10, exit: { code: 1, signal: null } } });
    subject.world.envoys[0]?.end({ code: 1, signal: null });
    await subject.pass(2000);
    equal(subject.supervisor.snapshot().phase, 'backoff');

    subject.stop();
    await subject.pass(50);

    deepEqual(subject.end, DRAINED);
    equal(subject.clock.sleepers, 0);
  });

  it('U16: drains the Envoy that comes out of a handoff', async () => {
    const subject = await live();
    subject.world.behave = () => ({ liveAfterMs: 3000 });
    void subject.supervisor.restart('test');
    await subject.pass(500);

    subject.stop();
    await subject.pass(2400);
    deepEqual(subject.world.posts, []);
    await subject.pass(400);
    deepEqual(subject.world.posts, [`${DRAIN_SIDECAR}&skip_exit`]);
    await subject.pass(5000);

    deepEqual([signalsOf(subject), subject.end], [[[1, 'SIGTERM']], DRAINED]);
  });

  it('U16: waits for no handoff when it is told to quit', async () => {
    const subject = await live();
    subject.world.behave = () => ({ liveAfterMs: undefined });
    void subject.supervisor.restart('test');
    await subject.pass(500);

    subject.supervisor.skipDrain();
    subject.stop();
    await subject.pass(1000);

    deepEqual(signalsOf(subject), [
      [1, 'SIGKILL'],
      [0, 'SIGTERM'],
    ]);
    deepEqual(subject.end, DRAINED);
  });

  it('kills an Envoy that is still starting', async () => {
    const subject = await live({}, { liveAfterMs: undefined });

    subject.stop();
    await subject.pass(700);

    deepEqual([signalsOf(subject), subject.end], [[[0, 'SIGKILL']], DRAINED]);
  });

  it('answers a restart that waits for its turn', async () => {
    const subject = await live();
    void subject.supervisor.restart('first');
    await subject.pass(300);
    const second = subject.supervisor.restart('second');

    await subject.finish();

    deepEqual(await second, { kind: 'refused', why: 'the supervisor has ended' });
  });

  describe('with an older Envoy that drains', () => {
    it('sends SIGTERM to the newer one, which passes it on', async () => {
      const subject = await live({ shutdown: shutdown({ terminationDrainMs: 1000 }) });
      await subject.restart(300);

      subject.stop();
      await subject.pass(1100);

      deepEqual(subject.world.posts, [`${DRAIN_SIDECAR}&skip_exit`]);
      deepEqual([signalsOf(subject), subject.end], [[[1, 'SIGTERM']], DRAINED]);
    });

    it('kills both when the newer one hangs', async () => {
      const subject = await live({ shutdown: shutdown({ terminationDrainMs: 0 }) });
      subject.configured = { arguments: argumentSettings({ parentShutdownDurationMs: 60_000 }) };
      await subject.restart(300);
      stick(subject);

      subject.stop();
      await subject.pass(4200);

      deepEqual(signalsOf(subject), [
        [1, 'SIGTERM'],
        [1, 'SIGKILL'],
        [0, 'SIGKILL'],
      ]);
      deepEqual(subject.end, DRAINED);
    });

    it('lets it finish when its child has ended during the drain, and ends with it', async () => {
      const subject = await live({ shutdown: shutdown({ terminationDrainMs: 60_000 }) });
      await subject.restart(300); // the old one has two seconds
      subject.stop();
      await subject.pass(300);

      subject.world.envoys[1]?.end(CRASHED);
      await subject.pass(1000);
      equal(subject.world.sent.length, 0);
      await subject.pass(1000);

      deepEqual([signalsOf(subject), subject.end], [[[0, 'SIGTERM']], DRAINED]);
    });

    it('sends SIGTERM to both when the newer one is not its child', async () => {
      const subject = await live({ shutdown: shutdown({ terminationDrainMs: 0 }) });
      subject.configured = { arguments: argumentSettings({ parentShutdownDurationMs: 60_000 }) };
      await subject.restart(300);
      subject.world.envoys[1]?.end(CRASHED);
      await subject.pass(300);

      subject.stop();
      await subject.pass(50);

      deepEqual(
        subject.world.sent.map(({ envoy, name }) => [envoy.pid, name]),
        [
          [1002, 'SIGTERM'],
          [1000, 'SIGTERM'],
        ],
      );
      deepEqual(subject.end, DRAINED);
    });

    it('lets it finish when its child has ended before the signal', async () => {
      const subject = await live({ shutdown: shutdown({ terminationDrainMs: 1000 }) });
      await subject.restart(300);
      subject.world.behave = () => ({ liveAfterMs: undefined });
      subject.world.envoys[1]?.end(CRASHED);
      await subject.pass(100);

      subject.stop();
      await subject.pass(700);
      deepEqual(signalsOf(subject), [[0, 'SIGKILL']]); // the one that was starting
      equal(subject.world.alive.length, 1);
      await subject.pass(1000);

      deepEqual(signalsOf(subject).at(-1), [0, 'SIGTERM']);
      deepEqual(subject.end, DRAINED);
    });
  });

  describe('with an Envoy that hangs', () => {
    it('gives it no more time than any other', async () => {
      const subject = await live();
      stick(subject);

      subject.stop();
      await subject.pass(7050);

      deepEqual(signalsOf(subject), [
        [0, 'SIGTERM'],
        [0, 'SIGKILL'],
      ]);
      deepEqual(subject.end, DRAINED);
    });

    it('waits for no answer when it is told to quit', async () => {
      const subject = await live({ shutdown: shutdown({ terminationGraceMs: 0 }) });
      stick(subject);
      subject.stop();
      await subject.pass(500);

      subject.supervisor.skipDrain();
      await subject.pass(50);

      deepEqual(subject.end, DRAINED);
    });

    it('kills one that is starting without waiting for its answer', async () => {
      const subject = await live({}, { liveAfterMs: undefined });
      stick(subject);
      await subject.pass(200);

      subject.stop();
      await subject.pass(700);

      deepEqual([signalsOf(subject), subject.end], [[[0, 'SIGKILL']], DRAINED]);
    });

    it('waits for no kept connection to one that has just come up', async () => {
      const subject = new ModelSupervisor();
      Object.assign(subject.world.access, { openLifeline: () => new Promise(() => undefined) });
      await subject.start();
      equal(subject.supervisor.snapshot().phase, 'starting');

      subject.stop();
      await subject.pass(5050);

      deepEqual(subject.end, DRAINED);
    });

    it('waits for no kept connection to one that has just taken over', async () => {
      const subject = await live();
      Object.assign(subject.world.access, { openLifeline: () => new Promise(() => undefined) });
      await subject.restart(300);
      equal(subject.supervisor.snapshot().phase, 'handoff');

      subject.stop();
      await subject.pass(5050);

      deepEqual([signalsOf(subject), subject.end], [[[1, 'SIGTERM']], DRAINED]);
    });

    it('waits for no answer to whether it is live, which a restart has asked', async () => {
      const subject = await live();
      stick(subject);
      void subject.supervisor.restart('test');
      await subject.pass(100);

      subject.stop();
      await subject.pass(7050);

      deepEqual(subject.end, DRAINED);
    });

    it('waits for no answer about its listeners, which a restart has asked', async () => {
      const subject = await live();
      subject.world.check = () => {
        stick(subject); // the gates have found it live
        return { code: 0, stderr: '11.104' };
      };
      void subject.supervisor.restart('test');
      await subject.pass(100);

      subject.stop();
      await subject.pass(7050);

      deepEqual(subject.end, DRAINED);
    });

    it('does not ask one for its listeners that is to be replaced', async () => {
      const subject = await live();
      subject.world.listeners = () => {
        stick(subject); // from its next answer on
        return [];
      };
      void subject.supervisor.restart('test');
      await subject.pass(100);

      subject.stop();
      await subject.pass(7050);

      equal(subject.world.envoys.length, 1);
      deepEqual(subject.end, DRAINED);
    });

    it('does not look at its admin port after a handoff that failed', async () => {
      const subject = await live({
        shutdown: shutdown({ terminationDrainMs: 1000, terminationGraceMs: 1000 }),
      });
      subject.world.behave = () => ({ liveAfterMs: undefined, takesAdmin: false });
      void subject.supervisor.restart('test');
      await subject.pass(500);
      const [envoy, candidate] = subject.world.envoys;
      if (envoy !== undefined) envoy.stuck = true;
      candidate?.end({ code: 1, signal: null });
      await subject.pass(500);
      equal(subject.supervisor.snapshot().phase, 'handoff'); // it is being looked at

      subject.stop();
      await subject.pass(2000 + 1000 + 100);

      deepEqual(subject.end, DRAINED);
    });
  });
});
