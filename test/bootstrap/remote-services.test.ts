import assert from 'node:assert/strict';

import { named, rendered } from './shapes.ts';

const TOKEN = 'token-of-the-test';

describe('the tracer of a bootstrap', () => {
  it('is absent unless an address is configured', async () => {
    const { bootstrap } = await rendered({ proxyConfig: { tracing: { zipkin: { address: '' } } } });

    assert.equal(bootstrap['tracing'], undefined);
  });

  it('is Zipkin with its cluster', async () => {
    const { bootstrap } = await rendered({
      proxyConfig: { tracing: { zipkin: { address: 'zipkin:9411' } } },
    });

    const cluster = named(bootstrap.static_resources.clusters, 'zipkin');
    assert.equal(cluster['dns_refresh_rate'], '30s');
    assert.equal(cluster['typed_extension_protocol_options'], undefined);
    assert.match(JSON.stringify(bootstrap['tracing']), /"collector_cluster":"zipkin"/);
  });

  it('is Datadog under the name of the service', async () => {
    const { bootstrap } = await rendered({
      proxyConfig: { tracing: { datadog: { address: '$(HOST_IP):8126' } } },
      others: { hostIp: '10.9.9.9' },
    });

    const cluster = named(bootstrap.static_resources.clusters, 'datadog_agent');
    assert.match(JSON.stringify(cluster), /"address":"10\.9\.9\.9","port_value":8126/);
    assert.match(JSON.stringify(bootstrap['tracing']), /"service_name":"web\.shop"/);
  });

  it('is Lightstep with a token file', async () => {
    const { bootstrap } = await rendered({
      proxyConfig: { tracing: { lightstep: { address: 'lightstep:443', accessToken: TOKEN } } },
    });

    assert.notEqual(
      named(bootstrap.static_resources.clusters, 'lightstep')['typed_extension_protocol_options'],
      undefined,
    );
    assert.match(JSON.stringify(bootstrap['tracing']), /"etc\/istio\/proxy\/lightstep_access_token\.txt"/);
  });

  it('needs a project for Stackdriver', async () => {
    const proxyConfig = { tracing: { stackdriver: {} } };
    const platform = { isKubernetes: true, metadata: { gcp_project: 'p' }, labels: {}, locality: {} };

    await assert.rejects(rendered({ proxyConfig }), {
      message: 'unable to process Stackdriver tracer: missing GCP Project',
    });
    const { bootstrap } = await rendered({ proxyConfig, node: { platform } });
    assert.equal(bootstrap['tracing'], undefined);
  });
});

describe('the metrics service of a bootstrap', () => {
  it('has a cluster, a sink and keepalive in whole seconds', async () => {
    const { bootstrap } = await rendered({
      proxyConfig: {
        envoyMetricsService: {
          address: 'metrics:15000',
          tcpKeepalive: { probes: 3, time: '10.9s', interval: '500ms' },
        },
      },
    });

    const cluster = named(bootstrap.static_resources.clusters, 'envoy_metrics_service');
    assert.deepEqual(cluster['upstream_connection_options'], {
      tcp_keepalive: { keepalive_probes: 3, keepalive_time: 10 },
    });
    assert.match(JSON.stringify(bootstrap['stats_sinks']), /MetricsServiceConfig/);
  });

  it('keeps an empty keepalive', async () => {
    const { bootstrap } = await rendered({
      proxyConfig: { envoyAccessLogService: { address: 'als:15001', tcpKeepalive: {} } },
    });

    const cluster = named(bootstrap.static_resources.clusters, 'envoy_accesslog_service');
    assert.deepEqual(cluster['upstream_connection_options'], { tcp_keepalive: {} });
  });

  it('falls back to the deprecated plain address, without TLS', async () => {
    const { bootstrap } = await rendered({ proxyConfig: { envoyMetricsServiceAddress: 'metrics:15000' } });

    const cluster = named(bootstrap.static_resources.clusters, 'envoy_metrics_service');
    assert.equal(cluster['transport_socket'], undefined);
  });
});

describe('statsd in a bootstrap', () => {
  it('is a sink of its own', async () => {
    const { bootstrap } = await rendered({ proxyConfig: { statsdUdpAddress: '[fd00::5]:9125' } });

    assert.match(JSON.stringify(bootstrap['stats_sinks']), /"address":"fd00::5","port_value":9125/);
  });
});
