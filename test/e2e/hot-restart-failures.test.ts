// Envoys that die or cannot serve around a hot restart, with the real Envoy. The numbers are those of the table of
// restart cases.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { sharedMemory } from '../../src/envoy/memory/shared-memory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { Load, totalOf } from './support/load/load.ts';
import { RestartBackend } from './support/restart-backend.ts';
import { RestartLine } from './support/restart-line.ts';
import {
  badDuration,
  missingCertificate,
  skipsItsClusters,
  takenPort,
  unknownField,
  waiting,
} from './support/supervised-changes.ts';
import { eventually, SupervisedEnvoy } from './support/supervised-envoy.ts';

const OUTAGE_LIMIT_MS = 2000;

function startLoad({ url }: SupervisedEnvoy): Load {
  return new Load({ url, clients: { kept: 6, oneShot: 4, http2: 2 }, pauseMs: 20 });
}

describe('a new Envoy that is killed', function () {
  this.timeout(120_000);

  it('R5: before it has spoken to the old one, costs nothing, and the next restart works', () =>
    SupervisedEnvoy.with(
      async (envoy) => {
        await using load = startLoad(envoy);
        envoy.silent = true; // it waits for its bootstrap, with the mark of a starting Envoy set: zone A
        envoy.onSpawn = (pid) => void killOnce(pid, async () => (await flagOf(envoy)) === 'initializing');

        const outcome = await envoy.supervisor.restart('killed in zone A');

        equal(outcome.kind, 'rolled-back', JSON.stringify(outcome));
        equal(envoy.snapshot.phase, 'running');
        equal(await flagOf(envoy), 'clear');
        [envoy.silent, envoy.onSpawn] = [false, () => undefined];
        equal((await envoy.supervisor.restart('again')).kind, 'committed');
        deepEqual(totalOf(await load.stop()).failures, []);
      },
      { withoutPreflight: true },
    ));

  it('R5: while it waits for its control plane, costs nothing, and the next restart works', () =>
    SupervisedEnvoy.with(async (envoy) => {
      await using load = startLoad(envoy);
      const works = envoy.change;
      envoy.change = waiting('0s');
      envoy.onSpawn = (pid) => void killOnce(pid, () => isStarting(envoy));

      const outcome = await envoy.supervisor.restart('killed in zone B');

      equal(outcome.kind, 'rolled-back', JSON.stringify(outcome));
      equal(envoy.snapshot.phase, 'degraded');
      [envoy.change, envoy.onSpawn] = [works, () => undefined];
      await envoy.alone(2); // a handoff to the same epoch number won the admin port back
      equal((await envoy.supervisor.restart('again')).kind, 'committed');
      deepEqual(totalOf(await load.stop()).failures, []);
    }));

  it('R5: after it took over, is replaced within two seconds, and the next restart works', () =>
    SupervisedEnvoy.with(async (envoy) => {
      await using load = startLoad(envoy);
      await envoy.supervisor.restart('test');
      const { baseId } = envoy.snapshot;

      process.kill(envoy.snapshot.active?.pid ?? 0, 'SIGKILL'); // zone C: the old one drains

      await envoy.alone(2);
      ok(envoy.snapshot.baseId !== baseId, 'the old one may still speak to its dead successor');
      equal((await envoy.supervisor.restart('again')).kind, 'committed');
      const { longestOutageMs } = totalOf(await load.stop());
      ok(longestOutageMs < OUTAGE_LIMIT_MS, `${longestOutageMs} ms`);
    }));

  it('R6: by SIGTERM, ends the old one too: that is why a candidate only ever gets SIGKILL', async () => {
    await using folder = await temporaryDirectory();
    await using line = await RestartLine.prepare(folder.path);
    await line.start();
    await line.reached(0, 'LIVE');
    await line.start(waiting('0s'));
    await line.reached(1, 'INITIALIZING');

    line.signal(1, 'SIGTERM');

    deepEqual(await line.exited(1), { code: 0, signal: null });
    deepEqual(await line.exited(0), { code: 0, signal: null });
  });
});

describe('a new Envoy that cannot serve', function () {
  this.timeout(120_000);

  it('R6b: is refused before it starts; without that, it ends with the old one, and Envoy is there again in a second', async () => {
    await SupervisedEnvoy.with(async (envoy) => {
      envoy.change = skipsItsClusters;

      const outcome = await envoy.supervisor.restart('looked at');

      ok(outcome.kind === 'refused');
      match(outcome.why, /load_stats_config has neither grpc_services nor cluster_names/);
    });
    await SupervisedEnvoy.with(
      async (envoy) => {
        await using load = startLoad(envoy);
        const works = envoy.change;
        envoy.change = skipsItsClusters;

        const outcome = await envoy.supervisor.restart('not looked at');

        equal(outcome.kind, 'rolled-back', JSON.stringify(outcome));
        await envoy.alone(2); // of the configuration that had worked: the changed one is still there
        const ended = envoy.snapshot.history.map(({ generation, code }) => ({ generation, code }));
        deepEqual(
          ended.toSorted((a, b) => a.generation - b.generation),
          [
            { generation: 0, code: 0 },
            { generation: 1, code: 0 },
          ],
        );
        const { longestOutageMs } = totalOf(await load.stop());
        ok(longestOutageMs < 1000, `${longestOutageMs} ms`);
        envoy.change = works;
      },
      { withoutPreflight: true },
    );
  });

  it('R8: is refused, and costs nothing; an unknown field is passed over, as the agent tells Envoy to', async () => {
    await using backend = await RestartBackend.start();
    await SupervisedEnvoy.with(async (envoy) => {
      await using load = startLoad(envoy);
      const works = envoy.change;

      for (const [change, words] of [
        [badDuration, /Invalid duration/],
        [missingCertificate, /Invalid path: \/no\/such\/ca\.pem/],
        [takenPort(backend.httpPort), /cannot bind '127\.0\.0\.1:\d+': Address already in use/],
      ] as const) {
        envoy.change = change;
        const outcome = await envoy.supervisor.restart('bad bootstrap');
        ok(outcome.kind === 'refused', outcome.kind);
        match(outcome.why, words);
      }
      equal(envoy.snapshot.active?.generation, 0);
      envoy.change = unknownField;
      equal((await envoy.supervisor.restart('unknown field')).kind, 'committed');

      envoy.change = works;
      await envoy.alone(1);
      equal((await envoy.supervisor.restart('good bootstrap')).kind, 'committed');
      deepEqual(totalOf(await load.stop()).failures, []);
    });
  });

  it('R8: is rolled back when nobody looked at it, and costs nothing', async () => {
    await using backend = await RestartBackend.start();
    await SupervisedEnvoy.with(
      async (envoy) => {
        await using load = startLoad(envoy);
        const works = envoy.change;

        for (const change of [badDuration, missingCertificate, takenPort(backend.httpPort)]) {
          envoy.change = change;
          const outcome = await envoy.supervisor.restart('bad bootstrap');
          equal(outcome.kind, 'rolled-back', JSON.stringify(outcome));
          envoy.change = works;
          await eventually(() => envoy.snapshot.phase === 'running' && envoy.snapshot.draining.length === 0);
        }

        equal((await envoy.supervisor.restart('good bootstrap')).kind, 'committed');
        deepEqual(totalOf(await load.stop()).failures, []);
      },
      { withoutPreflight: true },
    );
  });

  it('R9: because its control plane is silent, is given up at the deadline, and costs nothing', () =>
    SupervisedEnvoy.with(
      async (envoy) => {
        await using load = startLoad(envoy);
        const works = envoy.change;
        envoy.change = waiting('0s');

        const outcome = await envoy.supervisor.restart('silent control plane');

        ok(outcome.kind === 'rolled-back');
        match(outcome.why, /not live within 1500 ms/);
        envoy.change = works;
        await envoy.alone(2);
        deepEqual(totalOf(await load.stop()).failures, []);
      },
      { timing: { handoffTimeoutMs: 1500 } },
    ));

  it('R9: is live without listeners when it may stop waiting for them: that is why the control plane is asked first', () =>
    SupervisedEnvoy.with(async (envoy) => {
      await using load = startLoad(envoy);
      envoy.change = waiting('1s');

      await envoy.supervisor.restart('control plane that nobody asked about');

      await sleep(500);
      const { failures } = totalOf(await load.stop());
      ok(failures.some((failure) => failure.includes('ECONNREFUSED')));
    }));
});

describe('an old Envoy that is killed while it drains', function () {
  this.timeout(120_000);

  it('R7: takes its successor along, seconds later, and another one serves within two seconds', () =>
    SupervisedEnvoy.with(async (envoy) => {
      await using load = startLoad(envoy);
      await envoy.supervisor.restart('test');

      process.kill(envoy.snapshot.draining[0]?.pid ?? 0, 'SIGKILL');

      await envoy.alone(2);
      equal((await envoy.supervisor.restart('again')).kind, 'committed');
      const { longestOutageMs } = totalOf(await load.stop());
      ok(longestOutageMs < OUTAGE_LIMIT_MS, `${longestOutageMs} ms`);
    }));
});

async function killOnce(pid: number, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(1);
  process.kill(pid, 'SIGKILL');
}

function flagOf(envoy: SupervisedEnvoy): Promise<string> {
  return sharedMemory().flag(envoy.snapshot.baseId ?? 0);
}

/** Whether the new Envoy has the admin port, asked on a new connection. */
async function isStarting({ admin }: SupervisedEnvoy): Promise<boolean> {
  const info = await admin.serverInfo().catch(() => undefined); // between two owners
  return info?.restartEpoch === 1 && info.state !== 'LIVE';
}
