import { deepEqual, throws } from 'node:assert/strict';

import { parseScrapeTargets, parseTargetList } from '../../src/config/scrape-targets.ts';

const STATUS_PORT = 15_020;

function parse(config: object): ReturnType<typeof parseScrapeTargets> {
  return parseScrapeTargets(JSON.stringify(config), STATUS_PORT);
}

describe('parseScrapeTargets', () => {
  it('reads the old form of one port, with its defaults', () => {
    deepEqual(parse({ scrape: 'true' }), [{ port: 80, path: '/metrics' }]);
    deepEqual(parse({ scrape: 'true', port: '9090', path: '/m' }), [{ port: 9090, path: '/m' }]);
  });

  it('prefers the targets', () => {
    const targets = [
      { port: '8080', path: '' },
      { port: '9100', path: '/custom' },
    ];

    deepEqual(parse({ port: '80', targets }), [
      { port: 8080, path: '/metrics' },
      { port: 9100, path: '/custom' },
    ]);
  });

  it('has none when scraping is off, whatever else is written', () => {
    deepEqual(parse({ scrape: 'false', port: '15020' }), []);
  });

  for (const [config, message] of [
    [
      { port: '15020' },
      /application port is the same as agent port.*label, or that injection is not happening/,
    ],
    [
      { targets: [{ port: '015020' }] },
      /target port 015020 is the same as agent port, which may lead to a rec/,
    ],
    [
      { targets: [{ port: '015000' }] },
      /port 015000 is reserved for Istio \(Envoy admin\) and cannot be scraped$/,
    ],
    [{ port: '15090' }, /reserved for Istio \(Envoy Prometheus \(already merged\)\)/],
    [{ targets: [{ port: 'web' }] }, /^invalid prometheus scrape configuration: invalid target port "web"$/],
    [{ targets: [{ port: '65536' }] }, /invalid target port "65536"$/],
    [{ targets: [{ port: '80\n"' }] }, /invalid target port "80\\n\\""$/],
    [{ port: 8080 }, /^failed to unmarshal ISTIO_PROMETHEUS_ANNOTATIONS: port: 8080 is not text$/],
  ] as const) {
    it(`refuses ${JSON.stringify(config)}`, () => {
      throws(() => parse(config), { name: 'ConfigError', message });
    });
  }

  it('refuses a variable that is set and empty', () => {
    throws(
      () => parseScrapeTargets('', STATUS_PORT),
      /^ConfigError: failed to unmarshal ISTIO_PROMETHEUS_ANN/,
    );
  });
});

describe('parseTargetList', () => {
  for (const [text, targets] of [
    ['8080:/metrics,9100:/custom', ['8080 /metrics', '9100 /custom']],
    ['8080', ['8080 /metrics']],
    [' 8080 : , \t9100:/a b ', ['8080 /metrics', '9100 /a b']],
    ['web:/m:1', ['web /m:1']],
    ['8080,8080', ['8080 /metrics', '8080 /metrics']],
    [' , ,', []],
    ['', []],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => {
      deepEqual(
        parseTargetList(text).map(({ port, path }) => `${port} ${path}`),
        targets,
      );
    });
  }

  it('refuses an item without a port', () => {
    throws(() => parseTargetList('8080, :/metrics'), {
      name: 'ConfigError',
      message: 'empty port in scrape target ":/metrics"',
    });
  });
});
