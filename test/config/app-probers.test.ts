import { deepEqual, throws } from 'node:assert/strict';

import { parseAppProbers } from '../../src/config/app-probers.ts';
import { itHolds } from '../support/fuzz.ts';
import { appProberTargets } from './fuzz/app-probers-target.ts';

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

  for (const [why, action] of [
    ['a host', { httpGet: { port: 1, host: 7 } }],
    ['a header without a name of text', { httpGet: { port: 1, httpHeaders: [{ name: 7 }] } }],
    [
      'a header with a value of numbers',
      { httpGet: { port: 1, httpHeaders: [{ name: 'a', value: 12_345 }] } },
    ],
    ['headers that are no list', { httpGet: { port: 1, httpHeaders: {} } }],
    ['a host of a socket', { tcpSocket: { port: 1, host: [] } }],
    ['a time limit', { tcpSocket: { port: 1 }, timeoutSeconds: '5' }],
  ] as const) {
    it(`refuses ${why} of a wrong type, as Go does`, () => {
      throws(
        () => parseAppProbers(JSON.stringify({ '/app-health/web/livez': action })),
        /^ConfigError: failed to decode app prober err = .* \(ISTIO_KUBE_APP_PROBERS\)$/,
      );
    });
  }

  it('refuses what is nested without end', () => {
    const text = `{"/app-health/web/livez":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;

    throws(() => parseAppProbers(text), /^ConfigError: failed to decode app prober err = nested too deeply/);
  });

  it('shows a path that is none in one line, and not all of it', () => {
    throws(
      () => parseAppProbers(JSON.stringify({ [`/a\n${'x'.repeat(9999)}`]: {} })),
      ({ message }: Error) => message.length < 600 && !message.includes('\n'),
    );
  });

  const HEADER = '{"name": "Authorization", "value": "Bearer t0p-s3cr3t"}';
  for (const [why, text] of [
    ['no end', `{"/app-health/web/livez": {"httpGet": {"httpHeaders": [${HEADER}`],
    ['a value without quotes', HEADER.replaceAll('"Bearer t0p-s3cr3t"', 'Bearer t0p-s3cr3t')],
    ['a value without its end', HEADER.replace('s3cr3t"', 's3cr3t')],
    ['a name in escapes', HEADER.replace('"value"', '"\\u0076alue"').replace('}', '')],
    ['a value where a key stands', `{"value": {"t0p-s3cr3t": 1`],
    ['a type', `{"/app-health/web/livez": {"httpGet": [${HEADER}]}}`],
    ['a type beside', `{"/app-health/web/livez": {"httpGet": {"VALUE": "t0p-s3cr3t", "port": {}}}}`],
    ['headers without names', `{"/app-health/web/livez": {"httpGet": {"HttpHeaders": ["t0p-s3cr3t"]}}}`],
    ['headers as a text', `{"/app-health/web/livez": {"httpGet": {"httpHeaders": "t0p-s3cr3t"}}}`],
    ['nothing but the value', 't0p-s3cr3t'],
  ] as const) {
    it(`never repeats the value of a header: ${why}`, () => {
      throws(
        () => parseAppProbers(text),
        ({ name, message }: Error) => name === 'ConfigError' && !/t0p|s3cr3t/.test(message),
      );
    });
  }

  it('still shows the shape of a text that is no JSON', () => {
    throws(
      () => parseAppProbers('{"/app-health/web/livez": {"httpGet": {"port": 8080, "path": "/x",}}}'),
      /json string = \{"\/app-health\/web\/livez": \{"httpGet": \{"port": 8080, "path": \*\*\*,\}\}\} \(ISTIO/,
    );
  });

  for (const target of appProberTargets) itHolds(target, 1);
});
