import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { startMergedPage } from '../fixtures/merged-page.ts';
import {
  answering,
  failures,
  halfway,
  OPENMETRICS,
  pageReader,
  refusing,
  silent,
  type Player,
} from '../fixtures/players.ts';

const ENVOY = '# TYPE e counter\ne 1\n';
const APP = '# TYPE a counter\na 1\n';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const TIMEOUT = 'X-Prometheus-Scrape-Timeout-Seconds';

describe('MetricsPage with applications', () => {
  it('writes agent, Envoy and application in this order, and tells how each target did', async () => {
    await using page = await startMergedPage({ envoy: answering(ENVOY), applications: [answering(APP)] });

    const { status, contentType, text } = await page.scrape();

    assert.equal(status, 200);
    assert.equal(contentType, TEXT);
    assert.ok(text.endsWith(ENVOY + APP));
    const [target] = page.targets;
    const labels = `port="${target?.port}",path="/metrics"`;
    assert.match(text, new RegExp(`^istio_agent_scrape_target_up\\{${labels}\\} 1$`, 'm'));
    const next = (await page.scrape()).text;
    assert.match(next, new RegExp(`^istio_agent_scrape_target_duration_seconds\\{${labels}\\} 0$`, 'm'));
    assert.deepEqual(page.page.lastScrapes()[1], {
      type: 'application',
      port: target?.port,
      path: '/metrics',
      up: true,
      at: '2026-01-01T00:00:00.000Z',
      bytes: APP.length,
      seconds: 0,
      error: undefined,
    });
  });

  it('passes the query to Envoy only, and the rest of a request as little as possible', async () => {
    const seen: IncomingMessage[] = [];
    const player: Player = (request, response) => {
      seen.push(request);
      response.end();
    };
    await using page = await startMergedPage(
      { envoy: player, applications: [player], paths: ['/m?own=1'] },
      { collect: () => [] },
    );

    await page.scrape(
      { Accept: OPENMETRICS, 'User-Agent': 'me', Cookie: 'a=b', [TIMEOUT]: '5' },
      '?usedonly',
    );

    const byUrl = new Map(seen.map(({ url, headers }) => [url, headers]));
    const copied = { 'user-agent': 'me', [TIMEOUT.toLowerCase()]: '5', connection: 'close' };
    const { host: envoyHost, ...toEnvoy } = byUrl.get('/stats/prometheus?usedonly') ?? {};
    const { host: applicationHost, ...toApplication } = byUrl.get('/m?own=1') ?? {};
    assert.deepEqual(toEnvoy, { ...copied, accept: 'text/plain;version=0.0.4' });
    const accept = 'application/openmetrics-text; charset=utf-8; q=0.1; version=1.0.0';
    assert.deepEqual(toApplication, { ...copied, accept });
    assert.match(`${envoyHost} ${applicationHost}`, /^localhost:\d+ localhost:\d+$/);
  });

  it('warns of headers it cannot read', async () => {
    await using page = await startMergedPage({ applications: [answering(APP)] });

    await page.scrape({ Accept: '/', [TIMEOUT]: 'soon' });

    assert.deepEqual(page.logged.messages('warn'), [
      'cannot read Accept header "/"',
      'cannot read x-prometheus-scrape-timeout-seconds "soon"',
    ]);
  });

  it('streams a single application: what has come is passed on before there is more', async () => {
    const { player, half } = halfway('# TYPE a counter\na 1\na_half', OPENMETRICS);
    await using page = await startMergedPage({ envoy: answering(ENVOY), applications: [player] });

    const reader = await pageReader(page.url);
    await reader.until('a 1\n');
    (await half).destroy();

    assert.equal(await reader.rest(), ''); // not half a line
    assert.equal(reader.contentType, OPENMETRICS);
    const [error = ''] = page.logged.messages('error');
    assert.match(error, /^error scraping http:\/\/localhost:\d+\/metrics: \S.*$/);
    const [, last] = page.page.lastScrapes();
    assert.deepEqual([last?.up, last?.error], [false, error]);
  });

  it('keeps the agent’s part and the application’s when Envoy breaks off', async () => {
    const { player, half } = halfway(`${ENVOY}e_half 12`);
    await using page = await startMergedPage({ envoy: player, applications: [answering(APP)] });
    const reader = await pageReader(page.url);

    const beginning = await reader.until(ENVOY);
    (await half).destroy();

    assert.match(beginning, /^istio_agent_scrapes_total 1$/m);
    assert.equal(await reader.rest(), APP);
  });

  it('keeps the application’s part when Envoy does not answer in time', async () => {
    await using page = await startMergedPage({ envoy: silent, applications: [answering(APP)] });
    const scraped = page.scrape({ [TIMEOUT]: '1.5' });
    while (page.page.lastScrapes().length === 0) await turn(); // the application has answered

    await page.clock.tick(1499);
    assert.deepEqual(page.logged.messages('error'), []);
    await page.clock.tick(1);

    assert.ok((await scraped).text.endsWith(APP));
    const [error = ''] = page.logged.messages('error');
    assert.match(
      error,
      /^error scraping http:\/\/localhost:\d+\/stats\/prometheus: no complete answer within 1500 ms$/,
    );
  });

  it('tells of the targets in their order, whichever answers first', async () => {
    const { promise: envoyHeld, resolve: answerEnvoy } = Promise.withResolvers<void>();
    const envoy: Player = async (_request, response) => {
      await envoyHeld;
      response.end(ENVOY);
    };
    await using page = await startMergedPage({ envoy, applications: [answering(APP)] });
    const scraped = page.scrape();
    while (page.page.lastScrapes().length === 0) await turn();
    answerEnvoy();

    await scraped;

    assert.deepEqual(
      page.page.lastScrapes().map(({ type }) => type),
      ['envoy', 'application'],
    );
  });

  it('keeps the application’s part when Envoy hangs after a beginning', async () => {
    const { player } = halfway(ENVOY);
    await using page = await startMergedPage({ envoy: player, applications: [answering(APP)] });
    const reader = await pageReader(page.url, { [TIMEOUT]: '1.5' });
    await reader.until(ENVOY);

    await page.clock.tick(1500);

    assert.equal(await reader.rest(), APP);
  });

  for (const coding of ['identity', 'gzip']) {
    it(`counts an application that breaks off before its turn, encoded as ${coding}`, async () => {
      const { promise: envoyHeld, resolve: answerEnvoy } = Promise.withResolvers<void>();
      const envoy: Player = async (_request, response) => {
        await envoyHeld;
        response.end(ENVOY);
      };
      const { promise: half, resolve } = Promise.withResolvers<ServerResponse>();
      const application: Player = (_request, response) => {
        response.writeHead(200, { 'Content-Encoding': coding, 'Content-Length': 1000 });
        response.write('a', () => resolve(response));
      };
      await using page = await startMergedPage({ envoy, applications: [application] });
      const scraped = page.scrape();

      const broken = await half;
      while (page.page.lastScrapes().length === 0) await turn();
      broken.destroy();
      await once(broken, 'close');
      answerEnvoy();

      assert.ok((await scraped).text.endsWith(ENVOY));
      const last = page.page.lastScrapes().find(({ type }) => type === 'application');
      assert.equal(last?.up, false);
      assert.match(page.logged.messages('error').join('\n'), /^error scraping [^\n]+$/);
    });
  }

  it('gives a target no time at all when the scraper has none', async () => {
    await using page = await startMergedPage({ envoy: answering(ENVOY), applications: [answering(APP)] });

    const { text } = await page.scrape({ [TIMEOUT]: '0' });

    assert.equal(failures(text, 'envoy'), 1);
    assert.equal(failures(text, 'application'), 1);
  });

  it('answers with the agent’s metrics when nobody else does', async () => {
    await using page = await startMergedPage({ envoy: refusing(500), applications: [refusing(404)] });

    const { status, contentType, text } = await page.scrape();

    assert.deepEqual([status, contentType], [200, TEXT]);
    assert.deepEqual([failures(text, 'envoy'), failures(text, 'application')], [1, 1]);
    const [port] = page.targets.map((target) => target.port);
    assert.ok(
      page.logged
        .messages('error')
        .includes(`error scraping http://localhost:${port}/metrics, status code: 404`),
    );
    assert.match(
      text,
      new RegExp(`^istio_agent_scrape_target_up\\{port="${port}",path="/metrics"\\} 0$`, 'm'),
    );
  });

  it('goes on without the agent’s metrics when they cannot be gathered', async () => {
    const collect = (): never => {
      throw new Error('out of order');
    };
    await using page = await startMergedPage({ applications: [answering(APP)] }, { collect });

    const { text } = await page.scrape();

    assert.equal(text, APP);
    assert.deepEqual(page.logged.messages('error'), ["failed to gather the agent's metrics: out of order"]);
  });

  it('follows redirects of an application', async () => {
    const player: Player = (request, response) => {
      if (request.url === '/real') response.end(APP);
      else response.writeHead(302, { Location: '/real' }).end();
    };
    await using page = await startMergedPage({ applications: [player] });

    assert.ok((await page.scrape()).text.endsWith(APP));
  });

  it('decodes an application that compresses without being asked', async () => {
    const codings: readonly (readonly [string, (body: string) => Buffer])[] = [
      ['gzip', gzipSync],
      ['X-Gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
      ['zstd', zstdCompressSync],
      ['identity', (body) => Buffer.from(body)],
    ];
    for (const [coding, encode] of codings) {
      const player: Player = (_request, response) => {
        response.writeHead(200, { 'Content-Encoding': coding }).end(encode(APP));
      };
      await using one = await startMergedPage({ applications: [player] });
      assert.ok((await one.scrape()).text.endsWith(APP), coding);
      await using two = await startMergedPage({ applications: [player, player] });
      assert.ok((await two.scrape()).text.endsWith(APP + APP), coding);
    }
  });

  for (const [what, coding, body] of [
    ['what is not what it says', 'gzip', 'no gzip'],
    ['a coding nobody knows', 'rot13', APP],
    ['a body that ends too early', 'gzip', gzipSync(APP).subarray(0, -9)],
  ] as const) {
    it(`counts ${what} as a failure`, async () => {
      const player: Player = (_request, response) => {
        response.writeHead(200, { 'Content-Encoding': coding }).end(body);
      };
      await using page = await startMergedPage({ envoy: answering(ENVOY), applications: [player, player] });

      const { text } = await page.scrape();

      assert.ok(text.endsWith(ENVOY));
      assert.equal(failures(text, 'application'), 2);
    });
  }

  it('quotes no path in a way that would break a line of the log', async () => {
    await using page = await startMergedPage({
      applications: [refusing(500)],
      paths: ['/a\nerror\tfake\u001B'],
    });

    await page.scrape();

    for (const message of page.logged.messages('error')) assert.match(message, /^[ -~]*$/);
  });

  it('asks with a slash before a path that has none', async () => {
    await using page = await startMergedPage({ applications: [answering(APP)], paths: ['metrics'] });

    assert.ok((await page.scrape()).text.endsWith(APP));
  });

  it('quotes no more than the beginning of a long query', async () => {
    await using page = await startMergedPage({ envoy: refusing(500) });

    await page.scrape({}, `?filter=${'x'.repeat(5000)}`);

    const [error = ''] = page.logged.messages('error');
    assert.match(error, /x… \(\d+ characters\), status code: 500$/);
    assert.ok(error.length < 500);
  });

  it('writes a debug line for each target', async () => {
    await using page = await startMergedPage({ envoy: refusing(500), applications: [answering(APP)] });

    await page.scrape();

    const [envoy = '', application = ''] = page.logged.messages('debug');
    assert.match(envoy, /^scraped envoy \S+: failed after 0 bytes and 0\.0 ms$/);
    assert.match(application, /^scraped application \S+: 21 bytes in 0\.0 ms$/);
  });
});
