import { deepEqual, throws } from 'node:assert/strict';

import { parseAppProbers } from '../../src/config/app-probers.ts';

describe('parseAppProbers', () => {
  it('reads every kind of probe', () => {
    const text = JSON.stringify({
      '/app-health/web/readyz': {
        httpGet: { path: '/ready', port: 8080, scheme: 'HTTPS', httpHeaders: [{ name: 'a', value: 'b' }] },
        timeoutSeconds: 5,
        periodSeconds: 10,
      },
      '/app-health/web/livez': { tcpSocket: { port: 8081 } },
      '/app-health/web/startupz': { gRPC: { port: 9000, service: null } },
      '/app-lifecycle/web/prestopz': { httpGet: { port: 1 } },
    });

    deepEqual(
      [...parseAppProbers(text)],
      [
        [
          '/app-health/web/readyz',
          { probe: { kind: 'http', port: 8080, path: '/ready', scheme: 'HTTPS' }, timeoutSeconds: 5 },
        ],
        ['/app-health/web/livez', { probe: { kind: 'tcp', port: 8081 }, timeoutSeconds: 0 }],
        ['/app-health/web/startupz', { probe: { kind: 'grpc', port: 9000, service: '' }, timeoutSeconds: 0 }],
        [
          '/app-lifecycle/web/prestopz',
          { probe: { kind: 'http', port: 1, path: '', scheme: '' }, timeoutSeconds: 0 },
        ],
      ],
    );
  });

  it('knows none without the variable, and in an empty object', () => {
    for (const text of ['', '{}', 'null']) deepEqual(parseAppProbers(text).size, 0);
  });

  for (const [why, probers, message] of [
    [
      'another path',
      { '/probe': {} },
      /^invalid path, must be in form of regex pattern \^\/\(app-health\|.*"\/probe"$/,
    ],
    ['a nested container', { '/app-health/a/b/livez': { tcpSocket: { port: 1 } } }, /^invalid path/],
    [
      'no action',
      { '/app-health/web/livez': { exec: {} } },
      /^invalid prober type, must be one of type .* gRPC/,
    ],
    ['no prober', { '/app-health/web/livez': null }, /^invalid prober type/],
    [
      'two actions',
      { '/app-health/web/livez': { tcpSocket: { port: 1 }, httpGet: { port: 1 } } },
      /^invalid prober type.*\/app-health\/web\/livez$/,
    ],
    [
      'a named port',
      { '/app-health/web/livez': { httpGet: { port: 'http' } } },
      /^invalid prober config for \/app-health\/web\/livez, the port must be int type$/,
    ],
    [
      'a port that is no number',
      { '/app-health/web/livez': { tcpSocket: { port: {} } } },
      /^failed to decode app prober err = \/app-health\/web\/livez\.tcpSocket\.port: .*, json string = \{/,
    ],
  ] as const) {
    it(`refuses ${why}`, () => {
      throws(() => parseAppProbers(JSON.stringify(probers)), { name: 'ConfigError', message });
    });
  }

  it('refuses what is no JSON, and does not repeat the values of its headers', () => {
    const text =
      '{"a": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "Bearer t0p-s3cr3t"}]}';

    throws(
      () => parseAppProbers(text),
      ({ message }: Error) =>
        /^failed to decode app prober err = .*"value": "\*\*\*"/.test(message) && !message.includes('t0p'),
    );
  });
});
