import assert from 'node:assert/strict';

import { startStatus } from '../fixtures/status-fixture.ts';

const NOT_READY = 'config not received from XDS server (is Istiod running?)';
/** What the operator may do about it. */
const CHOICES = [
  'ENVOY_FROM=<proxy image>',
  'PILOT_ENABLE_METADATA_EXCHANGE=false',
  'PILOT_ENABLE_ALPN_FILTER=false',
  'defaultProviders',
];
const MISSING = "Didn't find a registered implementation for 'istio.metadata_exchange' with type URL: ''";

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

  it('tells every change to ready', async () => {
    let reason: string | undefined;
    await using status = await startStatus({ probers: [{ name: 'dns', failure: () => reason }] });

    for (const next of [undefined, 'no table', undefined]) {
      reason = next;
      await fetch(`${status.url}/healthz/ready`);
    }

    const told = status.logged.messages().filter((line) => line.startsWith('Envoy proxy is'));
    assert.deepEqual(told, [
      'Envoy proxy is ready',
      'Envoy proxy is NOT ready: no table',
      'Envoy proxy is ready',
    ]);
  });

  it('with ?verbose masks what looks like a secret', async () => {
    const failure = (): string => 'refused eyJhbGciOi.eyJpc3Mi.c2ln';
    await using status = await startStatus({ probers: [{ name: 'certificate', failure }] });

    const text = await (await fetch(`${status.url}/healthz/ready?verbose`)).text();

    assert.match(text, /^failed certificate: refused \*\*\*$/m);
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
    for (const told of [verbose, errors[0] ?? '']) {
      for (const choice of CHOICES) assert.ok(told.includes(choice), `${choice} in: ${told}`);
    }
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

describe('/debug/readyz', () => {
  it('shows each check with the time of its last change', async () => {
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
});
