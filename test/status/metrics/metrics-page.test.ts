import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';

import type { Metric } from '../../../src/status/metrics/metric.ts';
import { freePorts } from '../../../examples/demo/free-ports.ts';
import { readExposition } from '../../support/exposition.ts';
import { startStatus } from '../fixtures/status-fixture.ts';

const ENVOY_PAGE = '# TYPE envoy_server_live gauge\nenvoy_server_live{} 1\n';

async function scrape(url: string, path = '/stats/prometheus'): Promise<string> {
  const answer = await fetch(`${url}${path}`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  return answer.text();
}

describe('MetricsPage', () => {
  it('writes the agent’s own metrics and then Envoy’s, at both paths', async () => {
    await using status = await startStatus();
    status.admin.page = ENVOY_PAGE;

    for (const [index, path] of ['/metrics', '/stats/prometheus'].entries()) {
      const page = await scrape(status.url, path);

      assert.match(page, new RegExp(`^istio_agent_scrapes_total ${index + 1}$`, 'm'));
      assert.match(page, /^istio_agent_process_resident_memory_bytes \d/m);
      assert.ok(page.endsWith(ENVOY_PAGE));
    }
  });

  it('passes the query on to Envoy', async () => {
    await using status = await startStatus();

    await scrape(status.url, '/stats/prometheus?usedonly&filter=a%2Eb');

    assert.deepEqual(status.admin.requests, ['/stats/prometheus?usedonly&filter=a%2Eb']);
  });

  it('leaves a failed Envoy out, logs why, and counts it on the page it is missing from', async () => {
    await using status = await startStatus();
    assert.doesNotMatch(await scrape(status.url), /scrape_failures_total/);
    status.admin.status = 500;

    const page = await scrape(status.url);

    assert.match(page, /^istio_agent_scrape_failures_total\{type="envoy"\} 1$/m);
    assert.equal(
      status.logged.messages('error')[0],
      `error scraping http://localhost:${status.admin.port}/stats/prometheus, status code: 500`,
    );
  });

  it('asks once more while one Envoy takes the port from another', async () => {
    await using status = await startStatus();
    status.admin.status = 503; // the old one still has the listener, and its admin port is gone
    const page = scrape(status.url);
    await status.admin.requested(1);
    Object.assign(status.admin, { status: 200, page: ENVOY_PAGE });
    while (status.clock.sleepers === 0) await turn();

    await status.clock.tick(50);

    assert.ok((await page).endsWith(ENVOY_PAGE));
    assert.equal(status.admin.connections, 2);
    assert.deepEqual(status.logged.messages('error'), []);
  });

  it('asks once more when the connection is refused, and then leaves Envoy out', async () => {
    const [port = 0] = await freePorts(1);
    const settings = { statusPort: 0, envoyPrometheusPort: port, metricsLoopbackOnly: false };
    await using status = await startStatus({ settings });
    const page = scrape(status.url);
    while (status.clock.sleepers === 0) await turn();

    await status.clock.tick(50);

    assert.match(await page, /^istio_agent_scrapes_total 1$/m);
    assert.match(status.logged.messages('error').join('\n'), /^error scraping .*ECONNREFUSED[^\n]*$/);
  });

  it('does not ask again an Envoy that answers', async () => {
    await using status = await startStatus();
    status.admin.status = 404;

    await scrape(status.url);

    assert.equal(status.admin.requests.length, 1);
  });

  it('shows the metrics of other parts: absolute values, a series only after its first update', async () => {
    const metric = (value: number | undefined): Metric => ({
      name: 'xds_proxy_requests',
      help: 'Requests.',
      type: 'counter',
      series: value === undefined ? [] : [{ value }],
    });
    const values = [undefined, 3, 5];
    await using status = await startStatus({ metrics: () => [metric(values.shift())] });

    assert.doesNotMatch(await scrape(status.url), /xds_proxy_requests/);
    assert.match(await scrape(status.url), /^istio_agent_xds_proxy_requests 3$/m);
    assert.match(await scrape(status.url), /^istio_agent_xds_proxy_requests 5$/m);
  });

  it('shows no series that is gone', async () => {
    const name = 'last_handoff_seconds';
    const shown: Metric[] = [{ name, help: 'Took.', type: 'gauge', series: [{ value: 2 }] }];
    await using status = await startStatus({ metrics: () => shown.splice(0) });

    assert.match(await scrape(status.url), /^istio_agent_last_handoff_seconds 2$/m);
    assert.doesNotMatch(await scrape(status.url), /last_handoff/);
  });

  it('shows histograms from their first series on, before Envoy’s metrics', async () => {
    const waits: Metric = {
      name: 'wait_seconds',
      help: 'Waits.',
      type: 'histogram',
      bounds: [1],
      series: [{ counts: [2, 1], sum: 5 }],
    };
    const unseen: Metric = { ...waits, name: 'unseen_seconds', series: [] };
    await using status = await startStatus({ metrics: () => [waits, unseen] });
    status.admin.page = ENVOY_PAGE;

    const page = await scrape(status.url);

    assert.ok(page.endsWith(`istio_agent_wait_seconds_count 3\n${ENVOY_PAGE}`));
    assert.doesNotMatch(page, /unseen_seconds/);
    readExposition(page.slice(0, -ENVOY_PAGE.length));
  });

  it('shows how long the start took once a probe has succeeded', async () => {
    await using status = await startStatus();
    assert.doesNotMatch(await scrape(status.url), /startup_duration/);

    await fetch(`${status.url}/healthz/ready`);

    assert.match(await scrape(status.url), /^istio_agent_startup_duration_seconds 1\.5$/m);
  });

  it('lets go of Envoy when the client leaves', async () => {
    await using status = await startStatus();
    status.admin.held = new Promise(() => undefined);
    const leaving = new AbortController();
    const answer = fetch(`${status.url}/metrics`, { signal: leaving.signal }).then((page) => page.text());
    await status.admin.requested(1);

    leaving.abort();

    await assert.rejects(answer, { name: 'AbortError' });
    await status.admin.idle();
    assert.deepEqual(status.logged.messages('error'), []);
  });
});
