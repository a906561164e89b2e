import { deepEqual, equal, match } from 'node:assert/strict';
import { Readable } from 'node:stream';

import type { RestartOutcome } from '../../../src/envoy/restart/restart-outcome.ts';
import type { WrittenBootstrap } from '../../../src/envoy/process/written-bootstrap.ts';
import type { Exit, Spawn } from '../../../src/runtime/spawn.ts';
import { ModelSupervisor } from '../support/model-supervisor.ts';
import { argumentSettings, bootstrapAt } from '../support/settings.ts';

const VERSION = { code: 0, stderr: '11.104' };

/** Answers of Envoy's runs: its version, and `refusal` for every `--mode`. */
const refusing =
  (refusal: { readonly code: number; readonly stderr: string }) =>
  (args: readonly string[]): typeof VERSION =>
    args.includes('--mode') ? refusal : VERSION;

function whyOf(outcome: RestartOutcome | undefined): string {
  return outcome !== undefined && 'why' in outcome ? outcome.why : `not refused: ${JSON.stringify(outcome)}`;
}

describe('Gates', () => {
  let subject: ModelSupervisor;

  beforeEach(() => {
    subject = new ModelSupervisor();
  });
  afterEach(() => subject.finish());

  const started = (): number => subject.world.envoys.length;

  describe('for an Envoy that does not answer', () => {
    it('wait 20 s, and say so', async () => {
      await subject.start();
      const [first] = subject.world.envoys;
      if (first !== undefined) first.stuck = true;
      equal(await subject.restart(19_000), undefined);

      await subject.pass(6000);

      match(whyOf(subject.outcomes[0]), /^the active Envoy does not answer: no answer in time/);
      equal(started(), 1);
    });

    it('open as soon as it does', async () => {
      await subject.start();
      const [first] = subject.world.envoys;
      if (first !== undefined) first.stuck = true;
      await subject.restart(5000);

      if (first !== undefined) first.stuck = false;
      await subject.pass(3000);

      equal(subject.outcomes[0]?.kind, 'committed');
    });
  });

  it('open at once for an Envoy without admin port whose kept connection has ended', async () => {
    await subject.start();
    subject.world.behave = () => ({
      liveAfterMs: undefined,
      ends: { afterMs: 60, exit: { code: 1, signal: null } },
    });
    await subject.restart(300);
    equal(subject.supervisor.snapshot().phase, 'degraded');
    subject.world.behave = () => ({});

    subject.world.broken = subject.world.lifelines;
    await subject.pass(1500);

    deepEqual([subject.supervisor.snapshot().phase, started()], ['running', 3]);
  });

  describe('for Envoys that drain', () => {
    it('are closed to a restart that is not forced', async () => {
      await subject.start();
      await subject.restart(300);

      equal(await subject.restart(1000), undefined);

      equal(started(), 2);
    });

    it('are open to a forced one, which ends the older Envoy early', async () => {
      await subject.start();
      await subject.restart(300);

      equal((await subject.restart(200, { force: true }))?.kind, 'committed');

      deepEqual(
        subject.world.alive.map(({ epoch }) => epoch),
        [1, 2],
      );
      deepEqual(subject.world.sent, []);
    });
  });

  describe('for what Envoy has refused before', () => {
    const BAD = { hash: 'bad' };

    beforeEach(async () => {
      await subject.start();
      subject.configured = BAD;
      subject.world.check = refusing({ code: 1, stderr: 'unknown field\n' });
      match(whyOf(await subject.restart(300)), /^unknown field \(--mode validate: exit code 1\)$/);
    });

    it('U10: are closed without another run, until its content is another one', async () => {
      let runs = 0;
      subject.world.check = (args) => {
        if (args.includes('--mode')) runs += 1;
        return VERSION;
      };

      match(whyOf(await subject.restart(300)), /^unchanged since it failed: unknown field/);
      equal(runs, 0);

      subject.configured = { hash: 'mended' };
      equal((await subject.restart(300))?.kind, 'committed');
      equal(runs, 2);
    });

    it('U10: have forgotten it once something else was configured', async () => {
      subject.configured = {};
      equal(await subject.restart(300, { ifChanged: true }).then((outcome) => outcome?.kind), 'unchanged');
      subject.world.check = () => VERSION;

      subject.configured = BAD;

      equal((await subject.restart(300))?.kind, 'committed');
    });

    it('are open with force, and ask Envoy again', async () => {
      match(whyOf(await subject.restart(300, { force: true })), /^unknown field/);

      subject.world.check = () => VERSION;
      equal((await subject.restart(300, { force: true }))?.kind, 'committed');
    });
  });

  it('hold nothing against a configuration whose check was killed', async () => {
    await subject.start();
    subject.configured = { hash: 'slow' };
    subject.world.check = () => ({ ...VERSION, signal: 'SIGKILL' });
    match(whyOf(await subject.restart(300)), /signal SIGKILL/);
    subject.world.check = () => VERSION;

    equal((await subject.restart(300))?.kind, 'committed');
  });

  it('say that the agent is ending when that cuts a run of Envoy short', async () => {
    const hangs: Spawn = (command) => {
      if (!command.args.includes('--hot-restart-version')) return subject.world.spawn(command);
      const gone = Promise.withResolvers<Exit>();
      const kill = (): boolean => (gone.resolve({ code: null, signal: 'SIGKILL' }), true);
      const [stdout, stderr] = [Readable.from([]), Readable.from([])];
      return Promise.resolve({ pid: 1, stdout, stderr, exited: gone.promise, signal: kill });
    };
    subject = new ModelSupervisor({}, { spawn: hangs });
    await subject.start();
    equal(await subject.restart(300), undefined);

    subject.stop();
    await subject.pass(50);

    equal(whyOf(subject.outcomes[0]), 'the agent is ending');
  });

  it('refuse a binary that speaks another restart protocol', async () => {
    subject.world.check = () => ({ code: 0, stderr: '12.104' });
    await subject.start();

    match(whyOf(await subject.restart(200)), /12\.104.*11\.104.*a cold restart is needed/);
  });

  describe('for what a new Envoy needs at once', () => {
    for (const what of ['xdsReady', 'certificateReady'] as const) {
      it(`wait 20 s for it (${what}), and refuse with its reason`, async () => {
        const closed = () => ({ ok: false, reason: 'not now' });
        subject = new ModelSupervisor({}, { [what]: closed });
        await subject.start();
        equal(await subject.restart(19_000), undefined);

        await subject.pass(2000);

        deepEqual(subject.outcomes, [{ kind: 'refused', why: 'not now' }]);
        equal(started(), 1);
      });
    }

    it('open as soon as the control plane is there', async () => {
      let ok = false;
      subject = new ModelSupervisor({}, { xdsReady: () => ({ ok, reason: 'wait' }) });
      await subject.start();
      await subject.restart(5000);

      ok = true;
      await subject.pass(1000);

      equal(subject.outcomes[0]?.kind, 'committed');
    });
  });

  describe('for a bootstrap', () => {
    it('refuse one that cannot be rendered', async () => {
      const writeBootstrap = ({ epoch }: { readonly epoch: number }): Promise<WrittenBootstrap> =>
        epoch === 0
          ? Promise.resolve(bootstrapAt('envoy-rev0.json'))
          : Promise.reject(new Error('no such template'));
      subject = new ModelSupervisor({}, { writeBootstrap });
      await subject.start();

      equal(whyOf(await subject.restart(300)), 'the bootstrap cannot be rendered: no such template');
      equal(subject.supervisor.snapshot().phase, 'running');
    });

    it('refuse one that Envoy refuses, in its words, and remove the file', async () => {
      await subject.start();
      const stderr = '[t][1][critical][main] [x:1] unknown field\n';
      subject.world.check = refusing({ code: 1, stderr });

      const outcome = await subject.restart(200);

      deepEqual(outcome, { kind: 'refused', why: 'unknown field (--mode validate: exit code 1)' });
      equal(started(), 1);
      deepEqual(subject.removed, ['envoy-rev1.json']);
    });

    it('refuse it, and no more than that, when its file cannot be removed', async () => {
      const removeBootstrap = (): Promise<void> => Promise.reject(new Error('read-only file system'));
      subject = new ModelSupervisor({}, { removeBootstrap });
      await subject.start();
      subject.world.check = refusing({ code: 1, stderr: '' });

      equal((await subject.restart(200))?.kind, 'refused');
      equal(subject.supervisor.snapshot().active?.state, 'live');
    });

    it('refuse load reporting to nobody, which no run of Envoy refuses', async () => {
      const readText = () => Promise.resolve('{"cluster_manager":{"load_stats_config":{"api_type":"GRPC"}}}');
      subject = new ModelSupervisor({}, { readText });
      await subject.start();

      match(whyOf(await subject.restart(200)), /^load_stats_config has neither/);
      equal(started(), 1);
    });
  });

  describe('for memory', () => {
    beforeEach(() => {
      subject.world.lackOfMemory = 'a second Envoy needs about 18 MiB, and 4 of 64 MiB are free';
    });

    it('refuse a second Envoy that does not fit', async () => {
      await subject.start();

      match(whyOf(await subject.restart(300)), /4 of 64 MiB are free/);
      equal(started(), 1);
    });

    it('are open with force', async () => {
      await subject.start();

      equal((await subject.restart(300, { force: true }))?.kind, 'committed');
    });

    it('are not there when the check is off', async () => {
      const { world } = subject;
      subject = new ModelSupervisor({ memoryCheck: false });
      subject.world.lackOfMemory = world.lackOfMemory;
      await subject.start();

      equal((await subject.restart(300))?.kind, 'committed');
    });
  });

  describe('for worker threads', () => {
    it('refuse fewer', async () => {
      await subject.start();
      subject.configured = { arguments: argumentSettings({ concurrency: 1 }) };

      match(whyOf(await subject.restart(300)), /from 2 to 1.*reset; a cold restart is needed/);
      equal(started(), 1);
    });

    it('let more pass, with a warning', async () => {
      await subject.start();
      subject.configured = { arguments: argumentSettings({ concurrency: 3 }) };

      equal((await subject.restart(300))?.kind, 'committed');
      equal(subject.world.envoys[1]?.flag('--concurrency'), '3');
      match(subject.recorded.messages('warn').join(), /from 2 to 3/);
    });

    it('pin those that the first Envoy chose by itself', async () => {
      subject.configured = { arguments: argumentSettings({ concurrency: 0 }) };
      await subject.start();
      equal(subject.world.envoys[0]?.flag('--concurrency'), undefined);

      equal((await subject.restart(300))?.kind, 'committed');

      equal(subject.world.envoys[1]?.flag('--concurrency'), '4'); // what it told
    });
  });

  it('clear the bit a dead process left in the region, or refuse', async () => {
    await subject.start();
    subject.world.flag = 'initializing';
    equal((await subject.restart(3000))?.kind, 'committed');

    subject.world.flag = 'initializing';
    subject.world.damaged = true;

    match(whyOf(await subject.restart(300)), /not possible until a cold restart/);
  });
});
