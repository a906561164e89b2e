import { deepEqual, equal, match } from 'node:assert/strict';

import { DEFAULT_TIMING } from '../../src/envoy/settings.ts';
import { KILLED, type Behaviour } from './support/model-envoy.ts';
import { ModelSupervisor } from './support/model-supervisor.ts';
import { argumentSettings } from './support/settings.ts';

const SEGV = { code: null, signal: 'SIGSEGV' } as const;
const FILE = { ifChanged: true };

describe('Serving', () => {
  let subject: ModelSupervisor;

  beforeEach(() => {
    subject = new ModelSupervisor();
  });
  afterEach(() => subject.finish());

  const started = (): number => subject.world.envoys.length;
  const contents = (): number[] => subject.launches.map(({ contentOf }) => contentOf);

  describe('asked to restart if something has changed', () => {
    beforeEach(() => subject.start());

    it('does nothing when nothing has, and keeps quiet', async () => {
      const outcome = await subject.restart(300, FILE);

      deepEqual(outcome, { kind: 'unchanged' });
      equal(started(), 1);
      deepEqual(subject.removed, ['envoy-rev1.json']);
      deepEqual([subject.recorded.messages('warn'), subject.recorded.messages('error')], [[], []]);
      match(
        subject.recorded.messages('debug').join('\n'),
        /hot restart \(test\) not needed: nothing has changed/,
      );
    });

    for (const [what, change] of [
      ['another configuration', () => (subject.configured = { hash: 'other' })],
      [
        'another argument',
        () => (subject.configured = { arguments: argumentSettings({ logLevel: 'debug' }) }),
      ],
      ['another binary', () => (subject.world.binaryId = 'second')],
    ] as const) {
      it(`restarts for ${what}, once`, async () => {
        change();

        equal((await subject.restart(300, FILE))?.kind, 'committed');
        await subject.pass(8000);
        equal((await subject.restart(300, FILE))?.kind, 'unchanged');
      });
    }

    it('takes arguments of the newest configuration', async () => {
      subject.configured = { arguments: argumentSettings({ logLevel: 'debug', drainDurationMs: 500 }) };

      await subject.restart(300, FILE);

      deepEqual(
        ['-l', '--drain-time-s'].map((name) => subject.world.envoys[1]?.flag(name)),
        ['debug', '0'],
      );
    });

    it('restarts though nothing has changed when an operator asks together with a file', async () => {
      await subject.restart(300);
      const both = [subject.supervisor.restart('file', FILE), subject.supervisor.restart('operator')];

      await subject.pass(3000);

      deepEqual(
        (await Promise.all(both)).map(({ kind }) => kind),
        ['committed', 'committed'],
      );
      equal(subject.supervisor.snapshot().active?.reason, 'file, operator');
    });

    it('keeps the distance of five seconds from the end of the old Envoy; an operator need not', async () => {
      await subject.restart(300);
      subject.configured = { hash: 'other' };

      equal(await subject.restart(6500, FILE), undefined);
      await subject.pass(500);
      equal(subject.outcomes.at(-1)?.kind, 'committed');

      equal((await subject.restart(2500))?.kind, 'committed');
    });

    it('restarts at most ten times an hour; an operator may more often', async () => {
      for (let nth = 0; nth < 10; nth += 1) {
        subject.configured = { hash: `number ${nth}` };
        equal((await subject.restart(8000, FILE))?.kind, 'committed');
      }
      subject.configured = { hash: 'one more' };
      equal(await subject.restart(60_000, FILE), undefined);

      await subject.pass(3_600_000, 10_000);

      equal(subject.outcomes.at(-1)?.kind, 'committed');
      equal(started(), 12);
    });
  });

  it('lets what a file asks for wait for a gate that will open, and says so once', async () => {
    let ok = false;
    subject = new ModelSupervisor({}, { xdsReady: () => ({ ok, reason: 'no control plane' }) });
    await subject.start();
    subject.configured = { hash: 'other' };

    equal(await subject.restart(120_000, FILE), undefined);
    deepEqual(subject.recorded.messages('warn'), ['hot restart (test) waits: no control plane']);
    ok = true;
    await subject.pass(35_000);

    equal(subject.outcomes[0]?.kind, 'committed');
  });

  it('answers an operator at the first look, together with the file that waits', async () => {
    const xdsReady = () => ({ ok: false, reason: 'no control plane' });
    subject = new ModelSupervisor({}, { xdsReady });
    await subject.start();
    subject.configured = { hash: 'other' };
    await subject.restart(25_000, FILE);

    await subject.restart(21_000);

    const refused = { kind: 'refused', why: 'no control plane' };
    deepEqual(subject.outcomes, [refused, refused]);
  });

  describe('with a configuration whose Envoy dies soon after LIVE', () => {
    const soon: Behaviour = { ends: { afterMs: 3000, exit: SEGV } };

    it('starts cold with the one before, and does not try that one again', async () => {
      await subject.start((index) => (index === 1 ? soon : {}));
      subject.configured = { hash: 'bad' };

      equal((await subject.restart(300))?.kind, 'committed');
      await subject.pass(4000);

      deepEqual(contents(), [0, 1, 2, 0]); // the third was the newest, and is not tried
      equal(started(), 3);
      match(
        subject.recorded.messages('error').join('\n'),
        /started with the last configuration that was good/,
      );
      match(
        JSON.stringify(await subject.restart(300)),
        /unchanged since it failed: signal SIGSEGV soon after/,
      );
    });

    it('takes the newest again when it lived for ten seconds', async () => {
      const later: Behaviour = { ends: { afterMs: 11_000, exit: SEGV } };
      await subject.start((index) => (index === 1 ? later : {}));
      subject.configured = { hash: 'good enough' };

      await subject.restart(12_000);

      deepEqual(contents(), [0, 1, 2]);
    });

    it('calls the restart rolled back when it dies on probation', async () => {
      const timing = { ...DEFAULT_TIMING, handoffSoakMs: 5000 };
      subject = new ModelSupervisor({ timing });
      await subject.start((index) => (index === 1 ? soon : {}));
      subject.configured = { hash: 'bad' };

      equal(await subject.restart(2000), undefined);
      equal(subject.supervisor.snapshot().phase, 'handoff');
      await subject.pass(2000);

      equal(subject.outcomes[0]?.kind, 'rolled-back');
      equal(subject.supervisor.snapshot().active?.generation, 2);
      deepEqual(contents(), [0, 1, 0]);
    });

    it('calls it committed when probation is over', async () => {
      subject = new ModelSupervisor({ timing: { ...DEFAULT_TIMING, handoffSoakMs: 5000 } });
      await subject.start();

      await subject.restart(6000);

      equal(subject.outcomes[0]?.kind, 'committed');
    });
  });

  it('starts cold with the good configuration when the newest cannot be rendered any more', async () => {
    await subject.start();
    subject.configured = undefined;

    subject.world.envoys[0]?.end(KILLED);
    await subject.pass(600);

    equal(subject.supervisor.snapshot().active?.generation, 1);
    deepEqual(contents(), [0, 0]);
  });

  describe('after an upgrade of the binary', () => {
    it('takes over with the new one, and goes back to the old one when that dies soon', async () => {
      const timing = { parentShutdownDurationMs: 60_000 };
      subject.configured = { arguments: argumentSettings(timing) };
      await subject.start((index) => (index === 1 ? { ends: { afterMs: 3000, exit: SEGV } } : {}));

      subject.world.binaryId = 'second';
      equal((await subject.restart(300, FILE))?.kind, 'committed');
      await subject.pass(4000);

      deepEqual(
        subject.world.envoys.map(({ binaryId }) => binaryId),
        ['first', 'second', 'first'], // from the process that still runs it
      );
    });

    it('refuses one of another restart protocol, with the version of the file that is there', async () => {
      await subject.start();
      subject.world.binaryId = 'second';
      subject.world.check = () => ({ code: 0, stderr: '12.104' });

      match(JSON.stringify(await subject.restart(300, FILE)), /12\.104.*cold restart/);
    });

    it('repairs with the old one when the new one failed', async () => {
      const late: Behaviour = {
        liveAfterMs: undefined,
        ends: { afterMs: 45, exit: { code: 1, signal: null } },
      };
      await subject.start((index) => (index === 1 ? late : {}));
      subject.world.binaryId = 'second';

      await subject.restart(3000, FILE);

      deepEqual(
        subject.world.envoys.map(({ binaryId }) => binaryId),
        ['first', 'second', 'first'],
      );
      equal(subject.supervisor.snapshot().phase, 'running');
    });
  });

  describe('when the new Envoy has not got all listeners', () => {
    const ALL = ['15001', '15006', '15021'];

    it('goes back to the last good configuration at once', async () => {
      subject.world.listeners = (index) => (index === 1 ? ['15021'] : ALL);
      await subject.start();
      subject.configured = { hash: 'other' };

      await subject.restart(600);

      equal(subject.recorded.messages('error')[0], 'listeners missing in the new Envoy: 15001, 15006');
      deepEqual(contents(), [0, 1, 0]);
      deepEqual(
        [subject.supervisor.snapshot().active?.epoch, subject.supervisor.snapshot().active?.reason],
        [2, 'listeners are missing'],
      );
    });

    it('only raises an alarm when the configuration is the same', async () => {
      subject.world.listeners = (index) => (index === 0 ? ALL : ['15021']);
      await subject.start();

      await subject.restart(600);

      deepEqual(subject.recorded.messages('error'), ['listeners missing in the new Envoy: 15001, 15006']);
      equal(started(), 2);
    });

    it('misses none that the old bootstrap had and the new one has not', async () => {
      subject.world.listeners = (index) => (index === 0 ? ALL : ['15001', '15006']);
      subject.world.staticListeners = () => ['15021'];
      await subject.start();
      subject.configured = { hash: 'other' };

      deepEqual(await subject.restart(600), { kind: 'committed', epoch: 1, generation: 1 });

      deepEqual(subject.recorded.messages('error'), []);
      equal(started(), 2);
    });
  });

  it('shows the last restart, and tells its observer of every one', async () => {
    const told: string[] = [];
    const observer = {
      restarted: ({ reason, outcome, error }: { reason: string; outcome: string; error: string }) =>
        void told.push(`${reason}: ${outcome} ${error}`),
      ended: () => undefined,
    };
    subject = new ModelSupervisor({}, { observer });
    await subject.start();
    await subject.restart(3000);
    subject.configured = undefined;

    await subject.restart(300);

    const { lastRestart, restarts } = subject.supervisor.snapshot();
    equal(lastRestart?.outcome, 'refused');
    deepEqual(restarts, { committed: 1, refused: 1, rolledBack: 0, crashed: 0 });
    deepEqual(told, ['test: committed ', 'test: refused the bootstrap cannot be rendered: no such template']);
  });
});
