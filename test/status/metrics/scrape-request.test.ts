import assert from 'node:assert/strict';

import { readScrapeRequest, timeoutOf } from '../../../src/status/metrics/scrape-request.ts';

describe('readScrapeRequest', () => {
  it('passes on who asks and how long, and nothing that could be a secret', () => {
    const { envoyHeaders, applicationHeaders, timeoutMs, problems } = readScrapeRequest({
      url: '/metrics',
      headers: {
        accept: 'application/openmetrics-text;version=1.0.0,text/plain',
        'user-agent': 'Prometheus/3.1',
        'x-prometheus-scrape-timeout-seconds': '9.5',
        'accept-encoding': 'gzip',
        authorization: 'Bearer x',
        cookie: 'a=b',
        host: '10.1.2.3:15020',
      },
    });

    const copied = { 'user-agent': 'Prometheus/3.1', 'x-prometheus-scrape-timeout-seconds': '9.5' };
    assert.deepEqual(envoyHeaders, { ...copied, accept: 'text/plain; q=0.1' });
    assert.deepEqual(applicationHeaders, {
      ...copied,
      accept: 'application/openmetrics-text; q=0.2; version=1.0.0,text/plain; q=0.1',
    });
    assert.equal(timeoutMs, 9500);
    assert.deepEqual(problems, []);
  });

  it('asks for text when nothing is asked for, and tells of each problem once', () => {
    const { applicationHeaders, timeoutMs, problems } = readScrapeRequest({
      url: '/metrics',
      headers: { 'x-prometheus-scrape-timeout-seconds': '1s\n' },
    });

    assert.equal(applicationHeaders['accept'], 'text/plain;version=0.0.4');
    assert.equal(timeoutMs, undefined);
    assert.deepEqual(problems, [
      'cannot read Accept header ""',
      String.raw`cannot read x-prometheus-scrape-timeout-seconds "1s\n"`,
    ]);
  });

  for (const [url, query] of [
    ['/metrics', ''],
    ['/metrics?usedonly&filter=a%2Eb', '?usedonly&filter=a%2Eb'],
    ['/metrics?a?b?c', '?a?b?c'],
  ] as const) {
    it(`finds the query ${JSON.stringify(query)}`, () => {
      assert.equal(readScrapeRequest({ url, headers: {} }).query, query);
    });
  }
});

describe('timeoutOf', () => {
  for (const [header, ms] of [
    ['1.234', 1234],
    ['0', 0],
    ['-3', -3000],
    ['1e1', 10_000],
    ['', undefined],
    [undefined, undefined],
  ] as const) {
    it(`reads ${header} as ${ms} ms`, () => {
      assert.deepEqual(timeoutOf(header), { ms });
    });
  }

  for (const header of ['abc', '10s', 'Infinity', '1,2']) {
    it(`finds no number in ${header}`, () => {
      const { ms, problem } = timeoutOf(header);

      assert.equal(ms, undefined);
      assert.match(problem ?? '', /^cannot read x-prometheus-scrape-timeout-seconds/);
    });
  }
});
