import { deepEqual, equal } from 'node:assert/strict';

import { parseAppProbers } from '../../src/config/app-probers.ts';
import { AppProbes, type AppProbeSettings } from '../../src/status/probes/app-probes.ts';
import { routes, type RouteParts } from '../../src/status/routes.ts';
import type { StatusDeps } from '../../src/status/server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { servingPeer } from './fixtures/peer.ts';
import { startStatus } from './fixtures/status-fixture.ts';
import { sampleApp } from './probes/fixtures/sample-app.ts';
import { until } from './probes/fixtures/until.ts';

const LIVEZ = '/app-health/web/livez';
const PRESTOP = '/app-lifecycle/web/prestopz';

function probesOf(port: number, path: string): AppProbeSettings {
  const prober = { httpGet: { path, port } };
  return {
    probers: parseAppProbers(JSON.stringify({ [LIVEZ]: prober, [PRESTOP]: prober })),
    statusPort: 15_020,
    source: '127.0.0.6',
    destination: '127.0.0.1',
    http2: true,
    keepAlive: false,
  };
}

function settingsOf(appProbes: AppProbeSettings): StatusDeps['settings'] {
  return { statusPort: 0, envoyPrometheusPort: undefined, metricsLoopbackOnly: false, appProbes };
}

describe('application probes on the status port', () => {
  it('are served with the hooks, each under its own prefix', async () => {
    await using app = await sampleApp();
    await using status = await startStatus({ settings: settingsOf(probesOf(app.port, '/status/203')) });

    const paths = [
      LIVEZ,
      PRESTOP,
      '/app-health/',
      '/app-lifecycle/web/poststartz',
      '/app-healthy/web/livez',
      '/app-foo/web/livez',
    ];
    const answers = await Promise.all(paths.map((path) => fetch(status.url + path)));

    deepEqual(
      answers.map((answer) => answer.status),
      [203, 203, 400, 400, 404, 404],
    );
  });

  it('are answered to callers from outside of the pod, whatever the method', async () => {
    await using app = await sampleApp();
    const deps = { clock: new FakeClock(), log: recordingLog().log };
    await using appProbes = new AppProbes(probesOf(app.port, '/ready'), deps);
    const parts = { appProbes, debug: { enabled: false } } as unknown as RouteParts;
    await using server = await servingPeer(routes(parts), '10.0.0.1');

    const statuses: number[] = [];
    for (const method of ['GET', 'POST', 'HEAD', 'DELETE']) {
      const body = method === 'POST' ? { body: 'x' } : {};
      statuses.push((await fetch(server.url + LIVEZ, { method, ...body })).status);
    }

    deepEqual(statuses, [200, 200, 200, 200]);
    equal(app.seen.length, 4);
  });

  it('leave readiness alone when an application hangs, and end with the port', async () => {
    await using app = await sampleApp();
    const status = await startStatus({ settings: settingsOf(probesOf(app.port, '/hang')) });
    const hanging = Array.from({ length: 200 }, () => fetch(status.url + LIVEZ).catch(() => undefined));
    await until(() => app.seen.length === 32);

    equal((await fetch(`${status.url}/healthz/ready`)).status, 200);

    await status[Symbol.asyncDispose]();
    await Promise.all(hanging);
    await until(() => app.open.size === 0);
  });
});
