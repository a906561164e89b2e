import assert from 'node:assert/strict';

import {
  statsConfigParameters,
  type StatsConfigInput,
  type StatsConfigParameters,
} from '../../src/bootstrap/stats-config.ts';
import type { Warn } from '../../src/node/raw-metadata.ts';

const noWarning: Warn = (message) => assert.fail(message);

function stats(changes: Partial<StatsConfigInput>, warn = noWarning): Promise<StatsConfigParameters> {
  const plain = {
    annotations: {},
    proxyConfig: {},
    instanceIps: ['10.0.0.7'],
    exitOnZeroActiveConnections: false,
    exitOnZeroActiveRequests: false,
  };
  return statsConfigParameters({ ...plain, ...changes }, warn);
}

describe('statsConfigParameters', () => {
  it('always keeps what the agent reads', async () => {
    const { inclusionPrefix, inclusionSuffix, inclusionRegexps } = await stats({});

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

  it('lets an annotation replace the configured list, and puts both before the required part', async () => {
    const { inclusionPrefix, inclusionSuffix } = await stats({
      annotations: { 'sidecar.istio.io/statsInclusionPrefixes': 'a,,b' },
      proxyConfig: { proxyStatsMatcher: { inclusionPrefixes: ['c'], inclusionSuffixes: ['d'] } },
    });

    assert.deepEqual(inclusionPrefix.slice(0, 3), ['a', 'b', 'cluster_manager']);
    assert.deepEqual(inclusionSuffix.slice(0, 2), ['d', 'rbac.allowed']);
  });

  it('repeats an entry with {pod_ip} for every address', async () => {
    const { inclusionPrefix } = await stats({
      proxyConfig: { proxyStatsMatcher: { inclusionPrefixes: ['http.{pod_ip}_{pod_ip}'] } },
      instanceIps: ['10.0.0.7', 'fd00::7'],
    });

    assert.deepEqual(inclusionPrefix.slice(0, 2), ['http.10.0.0.7_10.0.0.7', 'http.fd00::7_fd00::7']);
  });

  it('keeps connection counts when the exit waits for them', async () => {
    const { inclusionSuffix } = await stats({ exitOnZeroActiveConnections: true });

    assert.equal(inclusionSuffix.at(-1), 'downstream_cx_active');
  });

  it('keeps request counts when the exit waits for them, and not for connections', async () => {
    const requests = await stats({ exitOnZeroActiveRequests: true });
    const both = await stats({ exitOnZeroActiveRequests: true, exitOnZeroActiveConnections: true });

    assert.equal(requests.inclusionSuffix.at(-1), 'downstream_rq_active');
    assert.deepEqual(both.inclusionSuffix.slice(-2), ['shadow_denied', 'downstream_cx_active']);
  });

  it('adds annotated tags to configured ones, each once', async () => {
    const { extraStatTags } = await stats({
      annotations: { 'sidecar.istio.io/extraStatTags': 'b,,c' },
      proxyConfig: { extraStatTags: ['a', '', 'b', 'a'] },
    });

    assert.deepEqual(extraStatTags, ['a', 'b', 'c']);
  });

  it('sorts histogram buckets and drops those that Envoy refuses', async () => {
    const warnings: string[] = [];
    const annotations = {
      'sidecar.istio.io/statsHistogramBuckets':
        '{"b":[1,2.5],"a":[5],"empty":[],"zero":[0,1],"text":["1"],"twice":[1,1],"huge":[1e999],"":[1]}',
    };

    const { histogram_buckets: buckets } = await stats({ annotations }, (warning) => warnings.push(warning));

    assert.deepEqual(buckets, [
      { prefix: 'a', buckets: [5] },
      { prefix: 'b', buckets: [1, 2.5] },
    ]);
    assert.equal(warnings.length, 6);
    assert.match(warnings[0] ?? '', /^histogram buckets of prefix "empty" are ignored: /);
  });

  it('warns about buckets that are no JSON object', async () => {
    for (const text of ['[1]', '{', '1']) {
      const warnings: string[] = [];

      const { histogram_buckets: buckets } = await stats(
        { annotations: { 'sidecar.istio.io/statsHistogramBuckets': text } },
        (warning) => warnings.push(warning),
      );

      assert.deepEqual(buckets, []);
      assert.equal(warnings.length, 1);
    }
  });

  it('drops an expression that Envoy could not read, and names where it stands', async () => {
    const told: unknown[] = [];
    const annotations = { 'sidecar.istio.io/statsInclusionRegexps': 'a.*b,a(?=b),(c' };

    const { inclusionRegexps } = await stats({ annotations }, (...message) => told.push(message));

    assert.deepEqual(inclusionRegexps.slice(0, -1), ['a.*b']);
    assert.equal(told.length, 2);
    const [message, level] = told[0] as [string, string];
    assert.match(message, /^"a\(\?=b\)" of annotation sidecar\.istio\.io\/statsInclusionRegexps is ignored/);
    assert.equal(level, 'error');
  });

  it('drops a configured expression likewise', async () => {
    const told: string[] = [];
    const proxyConfig = { proxyStatsMatcher: { inclusionRegexps: ['*'] }, extraStatTags: ['ok', 'a[b'] };

    const { inclusionRegexps, extraStatTags } = await stats({ proxyConfig }, (text) => told.push(text));

    assert.equal(inclusionRegexps.length, 1);
    assert.deepEqual(extraStatTags, ['ok']);
    assert.match(told[0] ?? '', /^tag "a\[b" of extraStatTags is ignored/);
    assert.match(told[1] ?? '', /^"\*" of proxyStatsMatcher\.inclusionRegexps is ignored/);
  });

  it('names the annotation of a tag that it drops', async () => {
    const told: string[] = [];
    const annotations = { 'sidecar.istio.io/extraStatTags': 'fine,a(' };

    const { extraStatTags } = await stats({ annotations }, (text) => told.push(text));

    assert.deepEqual(extraStatTags, ['fine']);
    assert.match(told[0] ?? '', /^tag "a\(" of annotation sidecar\.istio\.io\/extraStatTags is ignored/);
  });

  it("gives tags and lists as Envoy's messages too, user's before required ones", async () => {
    const { extra_stats_tags: tags, inclusion_patterns: patterns } = await stats({
      proxyConfig: { extraStatTags: ['team'], proxyStatsMatcher: { inclusionRegexps: ['a+'] } },
    });

    assert.deepEqual(tags, [{ tag_name: 'team', regex: String.raw`(team=\.=(.*?);\.;)` }]);
    assert.deepEqual(patterns[0], { prefix: 'cluster_manager' });
    assert.deepEqual(patterns.at(-2), { safe_regex: { regex: 'a+' } });
  });
});
