import assert from 'node:assert/strict';

import { addressProblem, splitHostPort } from '../../../src/config/address.ts';
import { builtInProxyConfig } from '../../../src/config/proxy-config/fields.ts';
import { validationError } from '../../../src/config/proxy-config/validation-problem.ts';
import { proxyConfigProblems, proxyConfigWarnings } from '../../../src/config/proxy-config/validation.ts';
import type { JsonObject } from '../../../src/runtime/json.ts';

function problems(changes: JsonObject): readonly string[] {
  return textsOf({ ...builtInProxyConfig, ...changes });
}

function textsOf(config: JsonObject): readonly string[] {
  return proxyConfigProblems(config).map(({ text }) => text);
}

describe('splitHostPort', () => {
  it('splits names, IPv4 and bracketed IPv6', () => {
    assert.deepEqual(splitHostPort('a.b:1'), { host: 'a.b', port: '1' });
    assert.deepEqual(splitHostPort('[fd00::1]:15012'), { host: 'fd00::1', port: '15012' });
    assert.deepEqual(splitHostPort(':80'), { host: '', port: '80' });
  });

  it('refuses what Go refuses', () => {
    assert.throws(() => splitHostPort('nohost'), { message: 'address nohost: missing port in address' });
    assert.throws(() => splitHostPort('a:b:1'), { message: 'address a:b:1: too many colons in address' });
    assert.throws(() => splitHostPort('[::1]'), { message: 'address [::1]: missing port in address' });
    assert.throws(() => splitHostPort('[::1]x:80'), {
      message: 'address [::1]x:80: missing port in address',
    });
    assert.throws(() => splitHostPort('a]:1'), { message: "address a]:1: unexpected ']' in address" });
    assert.throws(() => splitHostPort('[::1:80'), { message: "address [::1:80: missing ']' in address" });
  });
});

describe('addressProblem', () => {
  it('finds nothing wrong with names and addresses', () => {
    const good = ['istiod.istio-system.svc:15012', 'a.b.:1', '10.0.0.1:65535', '[::1]:80', 'x-1.a:1'];

    assert.deepEqual(
      good.map(addressProblem),
      good.map(() => undefined),
    );
  });

  it('names the part that is wrong', () => {
    assert.equal(
      addressProblem('nohost'),
      'unable to split "nohost": address nohost: missing port in address',
    );
    assert.match(addressProblem('a:b') ?? '', /^port \(b\) is not a number: strconv.Atoi: parsing "b"/);
    assert.equal(addressProblem('a:0'), 'port number 0 must be in the range 1..65535');
    for (const host of ['-a', 'a-', 'a..b', '1.2.3', 'a_b', `${'x'.repeat(64)}.a`, '']) {
      assert.match(addressProblem(`${host}:1`) ?? '', /is not a valid hostname or an IP address/, host);
    }
  });
});

describe('addressProblem of a long text', () => {
  it('quotes its beginning', () => {
    for (const text of ['x'.repeat(10_000), `a:${'x'.repeat(10_000)}`, `${'x'.repeat(10_000)}:1`]) {
      assert.ok((addressProblem(text) ?? '').length < 1000);
    }
  });
});

describe('proxyConfigProblems', () => {
  it('finds none in the defaults', () => {
    assert.deepEqual(problems({}), []);
  });

  it('finds all of them, in order', () => {
    const changes = { configPath: '', binaryPath: '', drainDuration: '0s', discoveryAddress: 'a:b' };

    assert.deepEqual(problems(changes), [
      'config path must be set',
      'binary path must be set',
      'invalid drain duration: duration must be greater than 1ms',
      'invalid discovery address: port (b) is not a number: strconv.Atoi: parsing "b": invalid syntax',
    ]);
  });

  it('wants a drain of whole seconds', () => {
    assert.match(problems({ drainDuration: '-5s' }).join(), /must be greater than 1ms/);
    assert.match(
      problems({ drainDuration: '1.500s' }).join(),
      /only supports durations to seconds precision/,
    );
  });

  it('wants a cluster name', () => {
    const { serviceCluster, ...unnamed } = builtInProxyConfig;

    assert.equal(typeof serviceCluster, 'string');
    assert.deepEqual(problems({ serviceCluster: '' }), ['service cluster must be specified']);
    assert.deepEqual(textsOf({ ...unnamed, tracingServiceName: 'CANONICAL_NAME_ONLY' }), []);
    assert.deepEqual(textsOf(unnamed), ['oneof service cluster or tracing service name must be specified']);
  });

  it('wants ports in range and a known auth policy', () => {
    assert.deepEqual(problems({ statusPort: 0 }), [
      'invalid status port: port number 0 must be in the range 1..65535',
    ]);
    assert.equal(problems({ proxyAdminPort: 65_536 }).length, 1);
    assert.equal(problems({ controlPlaneAuthPolicy: 'INHERIT' }).length, 1);
  });

  it('checks the addresses of sinks when they are given', () => {
    assert.deepEqual(problems({ statsdUdpAddress: '', envoyMetricsService: {} }), []);
    assert.equal(problems({ statsdUdpAddress: 'x' }).length, 1);
    assert.equal(
      problems({ envoyMetricsService: { address: 'x' }, envoyAccessLogService: { address: 'y' } }).length,
      2,
    );
  });

  it('checks tracers, with an address in place of $(HOST_IP)', () => {
    assert.deepEqual(problems({ tracing: { datadog: { address: '$(HOST_IP):8126' } } }), []);
    assert.equal(problems({ tracing: { zipkin: {} } }).length, 1);
    assert.deepEqual(problems({ tracing: { lightstep: { address: 'l:1' } } }), [
      'invalid lightstep config: access token is required',
    ]);
    assert.equal(problems({ tracing: { tlsSettings: { mode: 'MUTUAL' } } }).length, 2);
    assert.equal(problems({ tracing: { customTags: { a: null } } }).length, 1);
    const both = { mode: 'SIMPLE', credentialName: 'c', caCertificates: '/ca' };
    assert.equal(problems({ tracing: { tlsSettings: both } }).length, 1);
  });

  it('checks key providers and connection settings', () => {
    assert.deepEqual(problems({ privateKeyProvider: { qat: { pollDelay: '1s' } } }), []);
    assert.equal(problems({ privateKeyProvider: { qat: {} } }).length, 1);
    assert.equal(problems({ privateKeyProvider: {} }).length, 1);
    const settings = {
      httpMaxConcurrentStreams: 0,
      http2InitialStreamWindowSize: 65_534,
      httpIdleTimeout: '-1s',
    };
    assert.equal(problems({ connectionSettings: settings }).length, 3);
  });
});

describe('proxyConfigWarnings', () => {
  it('names deprecated and useless settings', () => {
    const warnings = proxyConfigWarnings({
      envoyMetricsServiceAddress: 'a:1',
      proxyMetadata: { ISTIO_META_DNS_AUTO_ALLOCATE: 'true' },
      concurrency: -1,
    });

    assert.equal(warnings.length, 3);
    assert.match(warnings[0] ?? '', /^EnvoyMetricsServiceAddress is deprecated/);
  });
});

describe('validationError', () => {
  it('puts each problem on a line of its own, with the input that set the field', () => {
    const origins = { tracing: 'PROXY_CONFIG', configPath: 'mesh file' };
    const problems = [
      { field: 'configPath', text: 'a' },
      { field: 'tracing.zipkin.address', text: 'b' },
      { field: 'statusPort', text: 'c' },
    ];

    assert.equal(
      validationError(problems, origins).message,
      [
        '3 errors occurred:',
        '\t* a (mesh file: configPath)',
        '\t* b (PROXY_CONFIG: tracing.zipkin.address)',
        '\t* c (default: statusPort)',
      ].join('\n'),
    );
    assert.match(validationError(problems.slice(0, 1), origins).message, /^1 error occurred:\n\t\* a \(/);
  });
});
