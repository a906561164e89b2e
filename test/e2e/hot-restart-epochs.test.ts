// One epoch after another with the real Envoy: what it tells of itself, what becomes of connections that last, and
// the shared memory through which the epochs find each other. The numbers are those of the table of restart cases.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { LastingConnection } from './support/lasting-connection.ts';
import { RestartBackend } from './support/restart-backend.ts';
import { eventually, SupervisedEnvoy } from './support/supervised-envoy.ts';

const SECOND_MS = 1000;

interface Told {
  readonly epoch: number;
  readonly state: string;
  readonly version: string;
  readonly uptimeSeconds: number;
}

describe('epochs of the real Envoy', function () {
  this.timeout(120_000);

  it('R2: tell their number, one after another, the same version, and a life that goes on', () =>
    SupervisedEnvoy.with(
      async (envoy) => {
        const told = [await toldBy(envoy)];
        for (const generation of [1, 2, 3]) {
          await envoy.supervisor.restart('test');
          told.push(await toldBy(envoy));
          // the statistic counts the Envoys of the line, and comes with the statistics of the parent
          await eventually(
            async () => (await statistic(envoy, 'server.hot_restart_generation')) === generation + 1,
          );
          await envoy.alone(generation);
        }

        deepEqual(
          told.map(({ epoch }) => epoch),
          [0, 1, 2, 3],
        );
        deepEqual(new Set(told.map(({ state }) => state)), new Set(['LIVE']));
        equal(new Set(told.map(({ version }) => version)).size, 1);
        const uptimes = told.map(({ uptimeSeconds }) => uptimeSeconds);
        deepEqual(
          uptimes,
          uptimes.toSorted((a, b) => a - b),
        );
        ok((uptimes.at(-1) ?? 0) > 0, 'three restarts take longer than a second');
      },
      { arguments: { skipParentStats: false } },
    ));

  it('count from 0 each, and rise in the number of the epoch, not in that of the generation', () =>
    SupervisedEnvoy.with(async (envoy) => {
      const call = () => fetch(envoy.url, { headers: { connection: 'close' } });
      for (let n = 0; n < 5; n += 1) await call();
      const before = await answeredRequests(envoy);

      await envoy.supervisor.restart('test');
      await call();

      deepEqual([before, await answeredRequests(envoy)], [5, 1]);
      equal(await statistic(envoy, 'server.hot_restart_epoch'), 1);
      equal(await statistic(envoy, 'server.hot_restart_generation'), 1);
    }));

  it('R3: keep a TCP connection and a streaming answer of the old one until its time is over', async () => {
    await using backend = await RestartBackend.start();
    const times = { drainDurationMs: 2 * SECOND_MS, parentShutdownDurationMs: 10 * SECOND_MS };
    await SupervisedEnvoy.with(
      async (envoy) => {
        const lasting = [
          await LastingConnection.echo(envoy.ports.tcp),
          await LastingConnection.stream(`http://127.0.0.1:${envoy.ports.forward}/stream`),
        ];

        equal((await envoy.supervisor.restart('test')).kind, 'committed');
        const liveMs = liveAtMs(envoy.output);
        await Promise.all(lasting.map(({ closed }) => closed));

        for (const { what, lastDataMs, closedMs } of lasting) {
          const [flowed, lived] = [lastDataMs - liveMs, closedMs - liveMs];
          ok(flowed >= 9500 && lived <= 12_000, `${what}: data for ${flowed} ms, closed after ${lived} ms`);
        }
      },
      { backend, arguments: times },
    );
  });

  it('R19: find each other through memory whose size and layout are those of the version they tell', () =>
    SupervisedEnvoy.with(async (envoy) => {
      await envoy.supervisor.restart('test');
      const { stderr: version } = await promisify(execFile)(await fetchEnvoy(), ['--hot-restart-version']);

      const region = await readFile(`/dev/shm/envoy_shared_memory_${(envoy.snapshot.baseId ?? 0) * 10}`);

      equal(version, `11.${region.length}`);
      equal(region.readBigUInt64LE(0), BigInt(region.length));
      equal(region.readBigUInt64LE(8), 11n);
      equal(region.readBigUInt64LE(region.length - 8), 0n, 'nobody starts');
    }));
});

async function toldBy(envoy: SupervisedEnvoy): Promise<Told> {
  const info = (await (await fresh(envoy, '/server_info')).json()) as {
    readonly state: string;
    readonly hot_restart_version: string;
    readonly uptime_all_epochs: string;
    readonly command_line_options: { readonly restart_epoch: number };
  };
  return {
    epoch: info.command_line_options.restart_epoch,
    state: info.state,
    version: info.hot_restart_version,
    uptimeSeconds: Number.parseInt(info.uptime_all_epochs, 10),
  };
}

async function statistic(envoy: SupervisedEnvoy, name: string): Promise<number> {
  const text = await (await fresh(envoy, `/stats?filter=^${name}$`)).text();
  return Number(text.split(': ')[1]);
}

/** As the Envoy that serves counts them. */
function answeredRequests(envoy: SupervisedEnvoy): Promise<number> {
  return statistic(envoy, 'http.traffic.downstream_rq_2xx');
}

/** On a connection of its own: one that is kept belongs to an older epoch. */
function fresh(envoy: SupervisedEnvoy, path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${envoy.ports.admin}${path}`, { headers: { connection: 'close' } });
}

/** When the newest Envoy started its workers, by its own clock. */
function liveAtMs(output: readonly string[]): number {
  const line = output.findLast((text) => text.includes('starting workers')) ?? '';
  const [, date = '', time = ''] = /^\[(\S+) ([\d:.]+)\]/.exec(line) ?? [];
  return Date.parse(`${date}T${time}`);
}
