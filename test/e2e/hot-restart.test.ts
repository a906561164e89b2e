// The supervisor with the real Envoy: restarts under load, candidates that fail, a killed Envoy, and an end
// that leaves nothing behind. Listeners are static; the whole agent is tested elsewhere.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { AdminClient, freshConnections } from '../../src/envoy/admin-client.ts';
import { BootstrapRefused } from '../../src/envoy/crash-policy.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { Load, totalOf } from './support/load/load.ts';
import { eventually, SupervisedEnvoy, type Change } from './support/supervised-envoy.ts';

/** Stays in PRE_INITIALIZING: its control plane never answers. */
const waitsForEver: Change = (bootstrap) => ({
  ...bootstrap,
  dynamic_resources: {
    ads_config: { api_type: 'GRPC', grpc_services: [{ envoy_grpc: { cluster_name: 'nobody' } }] },
    lds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
  },
  static_resources: {
    ...(bootstrap.static_resources as object),
    clusters: [{ name: 'nobody', type: 'STATIC', load_assignment: { cluster_name: 'nobody' } }],
  },
});

const refusedByEnvoy: Change = (bootstrap) => ({
  ...bootstrap,
  bootstrap_extensions: [
    { name: 'unheard.of', typed_config: { '@type': 'type.googleapis.com/un.heard.Of' } },
  ],
});

/** Envoy says OK to `--mode validate` and ends with code 0 when it serves. */
const skipsItsClusters: Change = (bootstrap) => ({
  ...bootstrap,
  cluster_manager: { load_stats_config: { api_type: 'GRPC' } },
});

function startLoad(url: string): Load {
  return new Load({ url, clients: { kept: 8, oneShot: 2, http2: 2 }, pauseMs: 20 });
}

describe('EnvoySupervisor with the real Envoy', function () {
  this.timeout(60_000);
  let binary: string;

  before(async () => {
    binary = await fetchEnvoy();
  });

  /** Runs the test with a live Envoy, and ends it whatever happens. */
  async function withEnvoy(test: (envoy: SupervisedEnvoy) => Promise<void>): Promise<void> {
    await using folder = await temporaryDirectory();
    const envoy = await SupervisedEnvoy.prepare(binary, folder.path);
    void envoy.run();
    try {
      await envoy.alone(0);
      await test(envoy);
    } finally {
      await envoy.stop();
    }
  }

  it('hands over three times under load without a failed request', () =>
    withEnvoy(async (envoy) => {
      await using load = startLoad(envoy.url);

      for (const generation of [1, 2, 3]) {
        const outcome = await envoy.supervisor.restart('test');

        deepEqual(outcome, { kind: 'committed', epoch: generation, generation });
        await envoy.alone(generation);
      }

      const { sent, failures } = totalOf(await load.stop());
      deepEqual(failures, []);
      ok(sent > 500, `only ${sent} requests`);
      const admin = new AdminClient(freshConnections({ host: '127.0.0.1', port: envoy.adminPort }));
      equal((await admin.serverInfo()).restartEpoch, 3);
    }));

  for (const [what, change, words] of [
    ['Envoy refuses', refusedByEnvoy, /unheard\.of|un\.heard\.Of/],
    ['Envoy accepts and cannot serve', skipsItsClusters, /Skipping initialization of secondary cluster/],
  ] as const) {
    it(`keeps the old epoch when ${what} the new bootstrap, and restarts with the next one`, () =>
      withEnvoy(async (envoy) => {
        await using load = startLoad(envoy.url);
        const works = envoy.change;
        envoy.change = change;

        const outcome = await envoy.supervisor.restart('bad bootstrap');

        ok(outcome.kind === 'refused');
        match(outcome.why, words);
        equal(envoy.snapshot.active?.generation, 0);
        envoy.change = works;
        const next = await envoy.supervisor.restart('good bootstrap');
        equal(next.kind, 'committed');
        deepEqual(totalOf(await load.stop()).failures, []);
      }));
  }

  it('repairs what a killed candidate leaves behind, wins the admin port back, and restarts again', () =>
    withEnvoy(async (envoy) => {
      await using load = startLoad(envoy.url);
      const works = envoy.change;
      envoy.change = waitsForEver;
      const outcome = envoy.supervisor.restart('candidate that waits');
      await eventually(() => envoy.snapshot.candidate !== undefined);
      const admin = new AdminClient(freshConnections({ host: '127.0.0.1', port: envoy.adminPort }));
      await eventually(async () => (await admin.serverInfo().catch(() => undefined))?.restartEpoch === 1);

      envoy.change = works;
      process.kill(envoy.snapshot.candidate?.pid ?? 0, 'SIGKILL');

      equal((await outcome).kind, 'rolled-back');
      equal(envoy.snapshot.phase, 'degraded');
      await envoy.alone(2); // the repair is a handoff to the same epoch number
      equal((await admin.serverInfo()).restartEpoch, 1);
      equal((await envoy.supervisor.restart('again')).kind, 'committed');
      deepEqual(totalOf(await load.stop()).failures, []);
    }));

  it('starts Envoy again after it was killed', () =>
    withEnvoy(async (envoy) => {
      process.kill(envoy.snapshot.active?.pid ?? 0, 'SIGKILL');

      await envoy.alone(1);

      deepEqual(
        envoy.snapshot.history.map(({ signal, asked }) => ({ signal, asked })),
        [{ signal: 'SIGKILL', asked: false }],
      );
      equal(await (await fetch(envoy.url)).text(), 'hi\n');
    }));

  it('starts anew when the new epoch is killed while the old one drains', () =>
    withEnvoy(async (envoy) => {
      await envoy.supervisor.restart('test');
      const { baseId } = envoy.snapshot;

      process.kill(envoy.snapshot.active?.pid ?? 0, 'SIGKILL');

      await envoy.alone(2);
      equal(envoy.snapshot.active?.epoch, 0);
      ok(envoy.snapshot.baseId !== baseId);
      equal(await (await fetch(envoy.url)).text(), 'hi\n');
    }));

  it('drains and ends, also during a handoff overlap, and leaves nothing behind', async () => {
    await using folder = await temporaryDirectory();
    const envoy = await SupervisedEnvoy.prepare(binary, folder.path);
    const ended = envoy.run();
    await envoy.alone(0);
    await envoy.supervisor.restart('two at once');
    const region = `envoy_shared_memory_${(envoy.snapshot.baseId ?? 0) * 10}`;
    ok((await readdir('/dev/shm')).includes(region));

    await envoy.stop();

    deepEqual(await ended, { kind: 'drained' });
    deepEqual(
      envoy.snapshot.history.map(({ code, asked }) => ({ code, asked })),
      [
        { code: 0, asked: true },
        { code: 0, asked: true },
      ],
    );
    ok(!(await readdir('/dev/shm')).includes(region));
    const sockets = await readFile('/proc/net/unix', 'utf8');
    ok(!sockets.includes(`_${(envoy.snapshot.baseId ?? 0) * 10}`));
    deepEqual(await readdir(folder.path), []);
  });

  it('ends with the words of Envoy when it refuses the first bootstrap', async () => {
    await using folder = await temporaryDirectory();
    const envoy = await SupervisedEnvoy.prepare(binary, folder.path);
    envoy.change = refusedByEnvoy;

    await rejects(envoy.run(), (error) => {
      ok(error instanceof BootstrapRefused);
      match(error.message, /envoy-rev0\.json: .*un\.heard\.Of/);
      return true;
    });
  });
});
