// Starts at epoch 0 in the model world: what follows when they fail, and when Envoy ends unasked.

import { deepEqual, equal, match, ok } from 'node:assert/strict';

import { BootstrapRefused, RestartsExhausted } from '../../../src/envoy/start/crash-policy.ts';
import { SpawnFailed } from '../../../src/envoy/process/epoch.ts';
import { ConfigError } from '../../../src/runtime/errors.ts';
import type { EnvoySettings } from '../../../src/envoy/settings.ts';
import type { Exit, Spawn } from '../../../src/runtime/spawn.ts';
import type { WrittenBootstrap } from '../../../src/envoy/process/written-bootstrap.ts';
import { TEXTS } from '../fixtures/fake/facts.ts';
import type { Behaviour } from '../support/model-envoy.ts';
import { bootstrapAt } from '../support/settings.ts';
import { ModelSupervisor } from '../support/model-supervisor.ts';

const exit = (code: number): Exit => ({ code, signal: null });
const by = (signal: NodeJS.Signals): Exit => ({ code: null, signal });
const critical = (text: string): string => `[2026-01-01][7][critical][main] [server.cc:1] ${text}\n`;
const REFUSAL = critical('error `no such thing` initializing config x');

/** Ends 30 ms after its start. */
const ending = (how: Exit, stderr = ''): Behaviour => ({ ends: { afterMs: 30, exit: how, stderr } });

function startTimes(subject: ModelSupervisor): readonly number[] {
  return subject.world.envoys.map(({ startedMs }) => startedMs);
}

/** A supervisor that cannot start a process `times` times, with this system error. */
function failing(code: string, times: number, settings: Partial<EnvoySettings> = {}): ModelSupervisor {
  let left = times;
  const spawn: Spawn = (command) => {
    if (left === 0) return subject.world.spawn(command);
    left -= 1;
    return Promise.reject(Object.assign(new Error(`spawn ${command.file} ${code}`), { code }));
  };
  const subject = new ModelSupervisor(settings, { spawn });
  return subject;
}

describe('ColdStart before any Envoy was live (U0)', () => {
  it('throws the words of an Envoy that ends with code 1, and does not try again', async () => {
    const subject = new ModelSupervisor();

    await subject.start(() => ending(exit(1), REFUSAL));

    ok(subject.end instanceof BootstrapRefused);
    equal(subject.end.message, 'Envoy refused its bootstrap envoy-rev0.json: no such thing');
    equal(subject.world.envoys.length, 1);
  });

  it('starts none when the agent is told to end while the bootstrap is written', async () => {
    const written = Promise.withResolvers<WrittenBootstrap>();
    const subject = new ModelSupervisor({}, { writeBootstrap: () => written.promise });
    await subject.start();

    subject.stop();
    written.resolve(bootstrapAt('envoy-rev0.json'));
    await subject.pass(50);

    deepEqual(subject.world.envoys, []);
    deepEqual(subject.removed, ['envoy-rev0.json']);
    deepEqual(subject.end, { kind: 'drained' });
  });

  it('ends as it was told to though the bootstrap cannot be written, and says so', async () => {
    const written = Promise.withResolvers<WrittenBootstrap>();
    const subject = new ModelSupervisor({}, { writeBootstrap: () => written.promise });
    await subject.start();

    subject.stop();
    written.reject(new ConfigError('no such template'));
    await subject.pass(50);

    deepEqual(subject.end, { kind: 'drained' });
    ok(subject.recorded.messages('warn').includes('Envoy did not come up: no such template'));
  });

  for (const [name, how] of [
    ['with code 0', exit(0)],
    ['by SIGKILL', by('SIGKILL')],
  ] as const) {
    it(`starts an Envoy that ended ${name} again after 200 ms`, async () => {
      const subject = new ModelSupervisor();

      await subject.start((index) => (index === 0 ? ending(how) : {}));
      await subject.pass(400);

      deepEqual(startTimes(subject), [0, 230]);
      equal(subject.supervisor.snapshot().active?.generation, 1);
      await subject.finish();
    });
  }

  it('ends as upstream does under the policy never, whatever the exit', async () => {
    for (const how of [exit(1), exit(0), by('SIGKILL')]) {
      const subject = new ModelSupervisor({ restartPolicy: 'never' });

      await subject.start(() => ending(how));

      deepEqual(subject.end, { kind: 'exited', exit: how, neverLive: true });
    }
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

describe('ColdStart when the active Envoy ends unasked (U7)', () => {
  it('starts it again with growing delays until the budget is empty', async () => {
    const subject = new ModelSupervisor();

    await subject.start(() => ({ ends: { afterMs: 100, exit: by('SIGKILL') } }));
    await subject.pass(200_000, 100);

    const starts = startTimes(subject);
    const delays = starts.slice(1).map((ms, at) => ms - (starts[at] ?? 0) - 100);
    deepEqual(delays, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000]);
    ok(subject.end instanceof RestartsExhausted);
  });

  it('says in the end how the last one ended, with which bootstrap, and its last 50 lines', async () => {
    const subject = new ModelSupervisor();
    const lines = Array.from({ length: 60 }, (_, at) => `line ${at}`);

    await subject.start(() => ending(by('SIGSEGV'), `${lines.join('\n')}\n`));
    await subject.pass(200_000, 100);

    ok(subject.end instanceof RestartsExhausted);
    match(subject.end.message, /^Envoy with envoy-rev0\.json ended too often.*signal SIGSEGV/);
    const shown = subject.recorded.records.find(({ message }) => message === 'the last lines of Envoy');
    deepEqual(shown?.fields, { bootstrap: 'envoy-rev0.json', stderr: lines.slice(-50).join('\n') });
  });

  it('moves every delay by up to a tenth', async () => {
    for (const [random, firstMs] of [
      [0, 180],
      [1, 220],
    ] as const) {
      const subject = new ModelSupervisor({}, { random: () => random });
      await subject.start((index) => (index === 0 ? ending(by('SIGKILL')) : {}));
      await subject.pass(400, 10);

      const [first = 0, second = 0] = startTimes(subject);
      equal(Math.round(second - first - 30), firstMs);
      await subject.finish();
    }
  });

  it('has its full budget again after ten minutes live', async () => {
    const subject = new ModelSupervisor();
    await subject.start((index) => (index < 3 ? { ends: { afterMs: 100, exit: by('SIGKILL') } } : {}));
    await subject.pass(2000);
    equal(subject.supervisor.snapshot().budget, 7);
    await subject.pass(600_000, 30_000);

    subject.world.envoys[3]?.end(by('SIGKILL'));
    const diedMs = subject.clock.monotonicMs();
    await subject.pass(500);

    equal((startTimes(subject)[4] ?? 0) - diedMs, 200);
    equal(subject.supervisor.snapshot().budget, 9);
    await subject.finish();
  });

  it('has its full budget again, and waits no longer, when a restart is asked for', async () => {
    const subject = new ModelSupervisor();
    await subject.start((index) => (index < 6 ? { ends: { afterMs: 100, exit: by('SIGKILL') } } : {}));
    await subject.pass(7000);
    equal(subject.supervisor.snapshot().phase, 'backoff');

    const outcome = subject.supervisor.restart('the configuration has changed');
    const askedMs = subject.clock.monotonicMs();
    await subject.pass(200);

    deepEqual(await outcome, { kind: 'committed', epoch: 0, generation: 6 });
    equal(startTimes(subject)[6], askedMs);
    equal(subject.supervisor.snapshot().budget, 10);
    deepEqual(subject.supervisor.snapshot().pending, []);
    await subject.finish();
  });
});

describe('ColdStart with an obstacle', () => {
  it('takes another base id when the sockets of the first one are taken, and leaves its region alone', async () => {
    const subject = new ModelSupervisor();

    await subject.start((index) =>
      index === 0 ? ending(exit(1), critical(TEXTS.bindDomainSocket(1, 0))) : {},
    );

    equal(subject.supervisor.snapshot().baseId, 2);
    equal(subject.supervisor.snapshot().active?.state, 'live');
    await subject.finish();
    deepEqual(subject.world.unlinked, [2]);
  });

  it('leaves that region alone though the agent is told to end meanwhile', async () => {
    const observer = { restarted: () => undefined, ended: () => subject.stop() };
    const subject = new ModelSupervisor({}, { observer });

    await subject.start(() => ending(exit(1), critical(TEXTS.bindDomainSocket(1, 0))));

    deepEqual(subject.end, { kind: 'drained' });
    deepEqual(subject.world.unlinked, []);
  });

  it('gives up after ten other base ids', async () => {
    const subject = new ModelSupervisor();

    await subject.start(() => ending(exit(1), critical(TEXTS.bindDomainSocket(1, 0))));
    await subject.pass(1000);

    ok(subject.end instanceof BootstrapRefused);
    equal(subject.world.envoys.length, 11);
    deepEqual(subject.world.unlinked, []);
  });

  for (const [what, how, words] of [
    ['aborts over shared memory', by('SIGABRT'), TEXTS.noRegion(1, 'Permission denied')],
    ['is killed by SIGBUS', by('SIGBUS'), 'a stack trace'],
  ] as const) {
    it(`goes on without hot restart, at once and with one warning, when Envoy ${what}`, async () => {
      const subject = new ModelSupervisor();

      await subject.start((index) => (index === 0 ? ending(how, critical(words)) : {}));

      deepEqual(startTimes(subject), [0, 30]);
      ok(subject.world.envoys[1]?.args.includes('--disable-hot-restart'));
      equal(subject.supervisor.snapshot().budget, 10);
      const warnings = subject.recorded
        .messages('warn')
        .filter((text) => text.startsWith('hot restart is off'));
      equal(warnings.length, 1);
      equal((await subject.supervisor.restart('test')).kind, 'refused');
      await subject.finish();
    });
  }

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

describe('ColdStart without a process (U20)', () => {
  for (const code of ['ENOENT', 'EACCES']) {
    it(`does not try a binary again that cannot be run: ${code}`, async () => {
      const subject = failing(code, 1);

      await subject.start();

      ok(subject.end instanceof SpawnFailed);
      match(subject.end.message, new RegExp(`^cannot start /usr/local/bin/envoy: .*${code}`));
      equal(subject.world.envoys.length, 0);
      deepEqual(subject.removed, ['envoy-rev0.json']);
    });
  }

  it('tries again when the machine has no room for a process', async () => {
    const subject = failing('EAGAIN', 2);

    await subject.start();
    await subject.pass(800);

    deepEqual(startTimes(subject), [600]);
    await subject.finish();
  });

  it('does not try again under the policy never', async () => {
    const subject = failing('EAGAIN', 1, { restartPolicy: 'never' });

    await subject.start();

    ok(subject.end instanceof SpawnFailed);
  });
});
