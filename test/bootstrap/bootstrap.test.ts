import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { renderBootstrap, serializeBootstrap } from '../../src/bootstrap/bootstrap.ts';
import type { JsonObject } from '../../src/runtime/json.ts';
import { sidecarBootstrap } from './inputs.ts';
import { named, rendered } from './shapes.ts';

const noWarning = (message: string): void => assert.fail(message);

describe('renderBootstrap', () => {
  it('renders a plain sidecar byte for byte, the same every time', async () => {
    const golden = await readFile(join(import.meta.dirname, 'golden', 'plain-sidecar.json'), 'utf8');

    const first = serializeBootstrap(await renderBootstrap(sidecarBootstrap(), noWarning));
    const second = serializeBootstrap(await renderBootstrap(sidecarBootstrap(), noWarning));

    assert.equal(first, golden);
    assert.equal(second, first);
  });

  it('gives a quote, a newline and a template expression back as they came', async () => {
    const hostile = 'a"b\nc\\${nodeID}{"$eval":"1"}\u0001';

    const document = await renderBootstrap(
      sidecarBootstrap({
        proxyConfig: { configPath: `/tmp/${hostile}`, extraStatTags: ['a"b\n&amp;'] },
        node: { id: hostile, environment: { ISTIO_META_X: hostile, ISTIO_METAJSON_Y: '{"$eval":"nodeID"}' } },
      }),
      noWarning,
    );
    const parsed = JSON.parse(serializeBootstrap(document)) as typeof document;

    assert.deepEqual(parsed, document);
    const node = parsed['node'] as { id: string; metadata: Record<string, string> };
    assert.equal(node.id, hostile);
    assert.equal(node.metadata['X'], hostile);
    assert.equal(node.metadata['$eval'], 'nodeID');
  });

  it('makes half a character whole, in names too, and leaves its escape alone', async () => {
    const environment = {
      ISTIO_METAJSON_X: String.raw`{"half":"a\ud800b","\udc00":"1","escape":"\\ud800"}`,
    };

    const document = await renderBootstrap(sidecarBootstrap({ node: { environment } }), noWarning);
    const parsed = JSON.parse(serializeBootstrap(document)) as { node: { metadata: JsonObject } };

    const { metadata } = parsed.node;
    assert.equal(metadata['half'], 'a\ufffdb');
    assert.equal(metadata['\ufffd'], '1');
    assert.equal(metadata['escape'], String.raw`\ud800`);
  });

  it('refuses settings that do not go together', async () => {
    await assert.rejects(rendered({ proxyConfig: { statusPort: 15021 } }), {
      name: 'ConfigError',
      message: 'statusPort and ENVOY_STATUS_PORT are both 15021',
    });
  });

  it('refuses a discovery address that is none', async () => {
    await assert.rejects(rendered({ proxyConfig: { discoveryAddress: 'istiod' } }), {
      name: 'ConfigError',
      message: 'unable to parse pilot_grpc_address address "istiod": address istiod: missing port in address',
    });
  });

  it('writes the log as JSON when the agent does', async () => {
    const { bootstrap } = await rendered({ others: { logAsJson: true } });

    const { log_format: format } = bootstrap['application_log_config'] as { log_format: object };
    assert.deepEqual(Object.keys(format), ['json_format']);
  });

  it('points the agent cluster at port 0 without a status server', async () => {
    const { bootstrap } = await rendered({ proxyConfig: { statusPort: 0 } });

    const cluster = named(bootstrap.static_resources.clusters, 'agent');
    assert.match(JSON.stringify(cluster), /"port_value":0/);
  });
});

describe('the clusters of a bootstrap', () => {
  it('are those of a plain sidecar, in order', async () => {
    const { bootstrap } = await rendered();

    const names = bootstrap.static_resources.clusters.map(({ name }) => name);
    assert.deepEqual(names, ['prometheus_stats', 'agent', 'sds-grpc', 'xds-grpc']);
  });

  it('include a second SDS server when another one serves the identity', async () => {
    const { bootstrap } = await rendered({ node: { servesFilesOnly: true } });

    const cluster = named(bootstrap.static_resources.clusters, 'sds-files-grpc');
    assert.match(JSON.stringify(cluster), /credential-uds\/files-socket/);
  });

  it('reach the agent over the sockets of the workload and of the configuration directory', async () => {
    const { bootstrap } = await rendered({ others: { workloadSocketPath: './run/other.sock' } });

    const { clusters } = bootstrap.static_resources;
    assert.match(JSON.stringify(named(clusters, 'sds-grpc')), /"\.\/run\/other\.sock"/);
    assert.match(JSON.stringify(named(clusters, 'xds-grpc')), /"\.\/etc\/istio\/proxy\/XDS"/);
  });

  it('include the service itself under self discovery', async () => {
    const { bootstrap } = await rendered({
      node: { environment: { ISTIO_META_ENABLE_SELF_DISCOVERY: 'true' } },
    });

    assert.equal(bootstrap.static_resources.clusters.at(-1)?.name, 'local_cluster');
    assert.deepEqual(bootstrap['cluster_manager'], {
      local_cluster_name: 'local_cluster',
      enable_deferred_cluster_creation: true,
    });
  });
});

describe('the listeners of a bootstrap', () => {
  it('serve statistics and readiness on the wildcard address', async () => {
    const { bootstrap } = await rendered();

    const names = bootstrap.static_resources.listeners.map(({ name }) => name);
    assert.deepEqual(names, ['0.0.0.0_15090', '0.0.0.0_15021']);
  });

  it('keep statistics on localhost when asked', async () => {
    const { bootstrap } = await rendered({
      proxyConfig: { proxyMetadata: { METRICS_LOCALHOST_ACCESS_ONLY: 'true' } },
    });

    const names = bootstrap.static_resources.listeners.map(({ name }) => name);
    assert.deepEqual(names, ['127.0.0.1_15090', '0.0.0.0_15021']);
  });

  it('serve statistics over mutual TLS on the secure ports', async () => {
    const ports = {
      envoyStatus: 15021,
      envoyPrometheus: 15090,
      envoySecureMetrics: 15091,
      envoySecureMergedMetrics: 15092,
      sts: 0,
    };

    const { bootstrap } = await rendered({ node: { ports } });

    const { listeners } = bootstrap.static_resources;
    assert.deepEqual(
      listeners.map(({ name }) => name),
      ['0.0.0.0_15090', '0.0.0.0_15091', '0.0.0.0_15092', '0.0.0.0_15021'],
    );
    for (const name of ['0.0.0.0_15091', '0.0.0.0_15092']) {
      assert.match(JSON.stringify(named(listeners, name)), /"require_client_certificate":true/);
    }
  });

  it('get the other family under dual stack', async () => {
    const { bootstrap } = await rendered({
      node: { instanceIps: ['10.0.0.7', 'fd00::7'] },
      features: { dualStack: true },
    });

    for (const listener of bootstrap.static_resources.listeners) {
      assert.match(JSON.stringify(listener['additionalAddresses']), /"address":"::"/);
    }
  });

  it('accept the PROXY protocol on the status port only', async () => {
    const { bootstrap } = await rendered({ features: { statusPortProxyProtocol: true } });

    const { listeners } = bootstrap.static_resources;
    assert.match(JSON.stringify(named(listeners, '0.0.0.0_15021')), /envoy\.listener\.proxy_protocol/);
    assert.equal(named(listeners, '0.0.0.0_15090')['listener_filters'], undefined);
  });

  it('compress statistics unless told not to', async () => {
    const compressors = async (statsCompression?: boolean): Promise<number> => {
      const { bootstrap } = await rendered({
        proxyConfig: statsCompression === undefined ? {} : { statsCompression },
      });
      return (
        JSON.stringify(bootstrap.static_resources.listeners).split('filters.http.compressor.v3').length - 1
      );
    };

    assert.equal(await compressors(), 3);
    assert.equal(await compressors(false), 0);
  });
});
