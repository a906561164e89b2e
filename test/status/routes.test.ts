import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { dispatch } from '../../src/status/dispatch.ts';
import { routes, type RouteParts } from '../../src/status/routes.ts';
import { recordingLog } from '../support/recording-log.ts';
import { startStatus } from './fixtures/status-fixture.ts';

const NOT_READY = 'config not received from XDS server (is Istiod running?)';
const MISSING = "Didn't find a registered implementation for 'istio.metadata_exchange' with type URL: ''";

async function* pieces(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

function post(url: string): Promise<Response> {
  return fetch(url, { method: 'POST' });
}

describe('/healthz/ready', () => {
  it('answers 200 with an empty body when it is ready', async () => {
    await using status = await startStatus();
    const ready = await fetch(`${status.url}/healthz/ready`);
    assert.equal(ready.status, 200);
    assert.equal(await ready.text(), '');
  });

  it('answers 503 with an empty body when it is not ready', async () => {
    await using status = await startStatus();
    status.admin.page = '';

    const answer = await fetch(`${status.url}/healthz/ready`);

    assert.equal(answer.status, 503);
    assert.equal(await answer.text(), '');
  });

  it('warns at every failing probe, tells the change to ready once, with the time it took', async () => {
    await using status = await startStatus();
    const page = status.admin.page;
    status.admin.page = '';
    for (let n = 0; n < 2; n += 1) await fetch(`${status.url}/healthz/ready`);
    status.admin.page = page;
    for (let n = 0; n < 2; n += 1) await fetch(`${status.url}/healthz/ready`);

    const lines = status.logged.messages().filter((line) => /ready|Readiness/.test(line));

    assert.equal(lines.filter((line) => line.startsWith(`Envoy proxy is NOT ready: ${NOT_READY}`)).length, 2);
    assert.deepEqual(lines.slice(2), ['Readiness succeeded in 1.5s', 'Envoy proxy is ready']);
  });

  it('with ?verbose tells each check and leaves the log alone', async () => {
    await using status = await startStatus({
      probers: [{ name: 'dns', failure: () => 'no table' }],
    });

    const answer = await fetch(`${status.url}/healthz/ready?verbose`);

    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.equal(await answer.text(), 'ok envoy-config\nok envoy-serving\nfailed dns: no table\n');
    assert.equal(status.logged.messages('warn').length, 0);
  });

  it('names a missing extension and the remedy: in ?verbose, and in one error line', async () => {
    await using status = await startStatus({
      rejections: () => [`Error adding/updating listener(s) ${MISSING}`],
    });
    status.admin.page = 'cluster_manager.cds.update_success: 1\nlistener_manager.lds.update_rejected: 1\n';
    for (let n = 0; n < 3; n += 1) await fetch(`${status.url}/healthz/ready`);

    const verbose = await (await fetch(`${status.url}/healthz/ready?verbose`)).text();

    assert.equal(verbose.split('\n').length, 2, 'one line');
    assert.match(verbose, /^failed envoy-config: config received .* was rejected: /);
    assert.match(
      verbose,
      /listener\(s\) Didn't find .*; this Envoy has no extension istio\.metadata_exchange: run/,
    );
    const errors = status.logged.messages('error');
    assert.equal(errors.length, 1);
    assert.match(
      errors[0] ?? '',
      /^this Envoy has no extension istio\.metadata_exchange: run Istio's own Envoy/,
    );
    assert.doesNotMatch(status.logged.messages('warn').join(), /Didn't find/, 'the warning keeps its words');
  });
});

describe('?verbose', () => {
  const upstream = { text: '14 UNAVAILABLE: connect\nECONNREFUSED', atMs: Date.UTC(2026, 0, 1) };
  const TROUBLE = '; last upstream error at 2026-01-01T00:00:00.000Z: 14 UNAVAILABLE: connect ECONNREFUSED';

  it('tells what is wrong with the control plane where something of it is missing', async () => {
    await using plain = await startStatus();
    const probers = [
      { name: 'grpc-bootstrap', failure: () => 'no file' },
      { name: 'dns', failure: () => 'no table' },
    ];
    const views = { ...plain.views, lastUpstreamError: () => upstream };
    await using status = await startStatus({ probers, views });
    status.admin.page = '';

    const lines = (await (await fetch(`${status.url}/healthz/ready?verbose`)).text()).split('\n');

    assert.match(lines[0] ?? '', /^failed envoy-config: config not received from XDS server/);
    assert.ok(lines[0]?.endsWith(TROUBLE), lines[0]);
    assert.deepEqual(lines.slice(1), [
      'failed grpc-bootstrap: no file',
      `failed dns: no table${TROUBLE}`,
      '',
    ]);
  });

  it('says nothing of it where nothing is missing', async () => {
    await using plain = await startStatus();
    await using status = await startStatus({
      views: { ...plain.views, lastUpstreamError: () => upstream },
    });

    const answer = await fetch(`${status.url}/healthz/ready?verbose`);

    assert.equal(await answer.text(), 'ok envoy-config\nok envoy-serving\n');
  });
});

describe('endpoints that act', () => {
  it('answers first and then ends the agent, once', async () => {
    await using status = await startStatus();

    const answer = await post(`${status.url}/quitquitquit`);
    await status.askedTimes(1);

    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'OK');
    assert.deepEqual(status.asked, ['quit: /quitquitquit called']);
  });

  it('starts a drain', async () => {
    await using status = await startStatus();

    assert.equal(await (await post(`${status.url}/drain`)).text(), 'OK');
    await status.askedTimes(1);

    assert.deepEqual(status.asked, ['drain']);
  });

  it('asks for a hot restart and tells the epoch to come', async () => {
    await using status = await startStatus();

    const answer = await post(`${status.url}/restart`);

    assert.equal(answer.status, 202);
    assert.deepEqual(await answer.json(), { accepted: true, epoch: 1 });
  });

  it('forces a restart only where it is told so', async () => {
    await using status = await startStatus();

    for (const query of ['?force=true', '?force=false', '?force', '?other=true']) {
      await post(`${status.url}/restart${query}`);
    }

    assert.deepEqual(status.asked, ['restart by force', 'restart', 'restart', 'restart']);
  });

  it('answers first and then signs a new certificate', async () => {
    await using status = await startStatus();

    const answer = await post(`${status.url}/rotate`);
    await status.askedTimes(1);

    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'OK');
    assert.deepEqual(status.asked, ['rotate']);
  });

  it('answers 409 with the reason when that cannot be', async () => {
    const actions = {
      restart: () => ({ accepted: false, why: 'hot restart is off' }) as const,
      rotationObstacle: () => 'certificates come from files',
      rotate: () => assert.fail('nothing is to be signed'),
      drain: () => undefined,
      quit: () => undefined,
    };
    await using status = await startStatus({ actions });

    const restart = await post(`${status.url}/restart`);
    const rotate = await post(`${status.url}/rotate`);

    assert.deepEqual([restart.status, await restart.text()], [409, 'hot restart is off\n']);
    assert.deepEqual([rotate.status, await rotate.text()], [409, 'certificates come from files\n']);
  });

  for (const path of ['/quitquitquit', '/drain', '/restart', '/rotate']) {
    it(`does nothing on GET ${path}`, async () => {
      await using status = await startStatus();

      const answer = await fetch(`${status.url}${path}`);

      assert.equal(answer.status, 405);
      assert.equal(await answer.text(), 'Method Not Allowed\n');
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.deepEqual(status.asked, []);
    });
  }
});

describe('debug pages', () => {
  it('show each check with the time of its last change', async () => {
    const upstream = { text: 'connection refused', atMs: Date.UTC(2026, 0, 1, 0, 0, 2) };
    const views = {
      envoySnapshot: async () => undefined,
      certificateFacts: () => undefined,
      lastUpstreamError: () => upstream,
      xdsStreams: () => undefined,
      nameTable: () => undefined,
      nameReport: () => undefined,
      startup: () => undefined,
    };
    await using status = await startStatus({ views });
    const page = status.admin.page;
    status.admin.page = '';
    await fetch(`${status.url}/debug/readyz`);
    await status.clock.tick(5000);
    status.admin.page = page;
    await fetch(`${status.url}/debug/readyz`);
    await status.clock.tick(5000);

    const answer = await (await fetch(`${status.url}/debug/readyz`)).json();

    assert.deepEqual(answer, {
      ready: true,
      checks: [
        { name: 'envoy-config', ok: true, reason: null, since: '2026-01-01T00:00:05.000Z' },
        { name: 'envoy-serving', ok: true, reason: null, since: '2026-01-01T00:00:05.000Z' },
      ],
      lastUpstreamError: { text: 'connection refused', at: '2026-01-01T00:00:02.000Z' },
    });
  });

  it('show the supervisor, the xDS streams and the certificates as JSON', async () => {
    await using status = await startStatus();

    assert.deepEqual(await (await fetch(`${status.url}/debug/envoyz`)).json(), { phase: 'RUNNING' });
    assert.deepEqual(await (await fetch(`${status.url}/debug/xds`)).json(), { generations: [] });
    assert.deepEqual(await (await fetch(`${status.url}/debug/certs`)).json(), [{ resource: 'default' }]);
    assert.deepEqual(await (await fetch(`${status.url}/debug/startup`)).json(), { ready: true });
  });

  it('show the name table as it is written, and none as an empty object', async () => {
    await using status = await startStatus();
    const views = { ...status.views, nameTable: () => pieces('{"table":', '{}}') };
    await using named = await startStatus({ views });

    const [none, some] = await Promise.all([status, named].map(({ url }) => fetch(`${url}/debug/ndsz`)));

    assert.deepEqual([none?.status, await none?.text()], [404, '{}']);
    assert.deepEqual([some?.status, await some?.text()], [200, '{"table":{}}']);
    for (const answer of [none, some]) assert.equal(answer?.headers.get('content-type'), 'application/json');
  });

  it('show what is known of one name, and an empty object where nobody answers names', async () => {
    await using status = await startStatus();
    const views = { ...status.views, nameReport: async (name: string) => ({ name }) };
    await using named = await startStatus({ views });

    const [none, some] = await Promise.all(
      [status, named].map(({ url }) => fetch(`${url}/debug/ndsz?host=${encodeURIComponent('a.b+c')}`)),
    );

    assert.deepEqual([none?.status, await none?.text()], [404, '{}']);
    assert.deepEqual([some?.status, await some?.json()], [200, { name: 'a.b+c' }]);
  });

  it('say nothing of a caller who leaves before the end of the name table', async () => {
    const left = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield 'x'.repeat(100_000);
      } finally {
        left.resolve();
      }
    }
    await using plain = await startStatus();
    await using status = await startStatus({ views: { ...plain.views, nameTable: endless } });
    const leaving = new AbortController();

    const answer = await fetch(`${status.url}/debug/ndsz`, { signal: leaving.signal });
    leaving.abort();
    await left.promise;
    await new Promise(setImmediate);

    assert.equal(answer.status, 200);
    assert.deepEqual(status.logged.messages('error'), []);
  });

  it('give 500 and a log line when a part throws, and the server lives on', async () => {
    const views = {
      envoySnapshot: () => Promise.reject(new Error('broken')),
      certificateFacts: () => [],
      lastUpstreamError: () => undefined,
      xdsStreams: () => undefined,
      nameTable: () => undefined,
      nameReport: () => undefined,
      startup: () => undefined,
    };
    await using status = await startStatus({ views });

    assert.equal((await fetch(`${status.url}/debug/envoyz`)).status, 500);
    assert.match(status.logged.messages('error')[0] ?? '', /^\/debug\/envoyz failed: Error: broken/);
    assert.equal((await fetch(`${status.url}/healthz/ready`)).status, 200);
  });
});

describe('a caller from outside the pod', () => {
  const parts = { metricsLoopbackOnly: true, actions: {}, views: {} } as unknown as RouteParts;
  const table = routes(parts);
  const gated = [...table.exact.keys()].filter((path) => path !== '/healthz/ready');

  for (const path of gated) {
    it(`is refused at ${path}, whatever the method`, async () => {
      const { log } = recordingLog();
      const outsider = { socket: { value: { remoteAddress: '10.0.0.1' } } };
      const server = createServer((request, response) => {
        void dispatch(table, log, Object.create(request, outsider) as IncomingMessage, response);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');

      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);

      assert.equal(answer.status, 403);
      assert.equal(await answer.text(), 'Only requests from localhost are allowed\n');
      server.close();
      server.closeAllConnections();
    });
  }

  it('may ask for metrics unless the setting says otherwise', () => {
    const open = routes({ ...parts, metricsLoopbackOnly: false });

    assert.equal(open.exact.get('/metrics')?.loopbackOnly, false);
  });
});

describe('any other path', () => {
  it('is not found', async () => {
    await using status = await startStatus();

    const answer = await fetch(`${status.url}/nothing`);

    assert.equal(answer.status, 404);
    assert.equal(await answer.text(), '404 page not found\n');
  });
});
