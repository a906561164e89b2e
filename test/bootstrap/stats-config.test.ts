import assert from 'node:assert/strict';

import {
  statsConfigParameters,
  type StatsConfigInput,
  type StatsConfigParameters,
} from '../../src/bootstrap/stats-config.ts';

const noWarning = (message: string): void => assert.fail(message);

function stats(changes: Partial<StatsConfigInput>, warn = noWarning): StatsConfigParameters {
  const plain = {
    annotations: {},
    proxyConfig: {},
    instanceIps: ['10.0.0.7'],
    exitOnZeroActiveConnections: false,
  };
  return statsConfigParameters({ ...plain, ...changes }, warn);
}

describe('statsConfigParameters', () => {
  it('always keeps what the agent reads', () => {
    const { inclusionPrefix, inclusionSuffix, inclusionRegexps } = stats({});

    assert.deepEqual(inclusionPrefix, [
      'cluster_manager',
      'listener_manager',
      'server',
      'cluster.xds-grpc',
      'wasm',
    ]);
    assert.deepEqual(inclusionSuffix, ['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied']);
    assert.deepEqual(inclusionRegexps, [String.raw`vhost\..*\.route\..*`]);
  });

  it('lets an annotation replace the configured list, and puts both before the required part', () => {
    const { inclusionPrefix, inclusionSuffix } = stats({
      annotations: { 'sidecar.istio.io/statsInclusionPrefixes': 'a,,b' },
      proxyConfig: { proxyStatsMatcher: { inclusionPrefixes: ['c'], inclusionSuffixes: ['d'] } },
    });

    assert.deepEqual(inclusionPrefix.slice(0, 3), ['a', 'b', 'cluster_manager']);
    assert.deepEqual(inclusionSuffix.slice(0, 2), ['d', 'rbac.allowed']);
  });

  it('repeats an entry with {pod_ip} for every address', () => {
    const { inclusionPrefix } = stats({
      proxyConfig: { proxyStatsMatcher: { inclusionPrefixes: ['http.{pod_ip}_{pod_ip}'] } },
      instanceIps: ['10.0.0.7', 'fd00::7'],
    });

    assert.deepEqual(inclusionPrefix.slice(0, 2), ['http.10.0.0.7_10.0.0.7', 'http.fd00::7_fd00::7']);
  });

  it('keeps connection counts when the exit waits for them', () => {
    assert.equal(stats({ exitOnZeroActiveConnections: true }).inclusionSuffix.at(-1), 'downstream_cx_active');
  });

  it('adds annotated tags to configured ones, each once', () => {
    const { extraStatTags } = stats({
      annotations: { 'sidecar.istio.io/extraStatTags': 'b,,c' },
      proxyConfig: { extraStatTags: ['a', '', 'b', 'a'] },
    });

    assert.deepEqual(extraStatTags, ['a', 'b', 'c']);
  });

  it('sorts histogram buckets and drops those that Envoy refuses', () => {
    const warnings: string[] = [];
    const annotations = {
      'sidecar.istio.io/statsHistogramBuckets': '{"b":[1,2.5],"a":[5],"empty":[],"zero":[0,1],"text":["1"]}',
    };

    const { histogram_buckets: buckets } = stats({ annotations }, (warning) => warnings.push(warning));

    assert.deepEqual(buckets, [
      { prefix: 'a', buckets: [5] },
      { prefix: 'b', buckets: [1, 2.5] },
    ]);
    assert.equal(warnings.length, 3);
  });

  it('warns about buckets that are no JSON object', () => {
    for (const text of ['[1]', '{', '1']) {
      const warnings: string[] = [];

      const { histogram_buckets: buckets } = stats(
        { annotations: { 'sidecar.istio.io/statsHistogramBuckets': text } },
        (warning) => warnings.push(warning),
      );

      assert.deepEqual(buckets, []);
      assert.equal(warnings.length, 1);
    }
  });
});
