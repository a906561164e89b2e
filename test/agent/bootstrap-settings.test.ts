import { deepEqual, equal, match, ok } from 'node:assert/strict';

import { inspectBootstrap } from '../../src/agent/inspect.ts';
import { agentConfig, type GivenConfig } from './support/agent-config.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

async function bootstrap(given: GivenConfig): Promise<Json> {
  return JSON.parse((await inspectBootstrap(await agentConfig(given))).text) as Json;
}

/** What stands at a path of names and indices; undefined: nothing. */
function at(json: Json | undefined, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((place, name) => {
    return typeof place === 'object' && place !== null ? (place as Record<string, Json>)[name] : undefined;
  }, json);
}

/** Ports of the listeners, rising. */
function listenerPorts(document: Json): readonly number[] {
  const listeners = at(document, 'static_resources.listeners') as readonly Json[];
  const ports = listeners.map((listener) => Number(at(listener, 'address.socket_address.port_value')));
  return ports.sort((one, other) => one - other);
}

async function metadata(given: GivenConfig): Promise<Readonly<Record<string, Json>>> {
  return at(await bootstrap(given), 'node.metadata') as Readonly<Record<string, Json>>;
}

describe('the bootstrap', () => {
  it('has its listeners where the variables want them', async () => {
    const env = {
      ENVOY_PROMETHEUS_PORT: '16090',
      ENVOY_STATUS_PORT: '16021',
      ENVOY_SECURE_METRICS_PORT: '16091',
      ENVOY_SECURE_MERGED_METRICS_PORT: '16092',
    };

    deepEqual(listenerPorts(await bootstrap({ env })), [16_021, 16_090, 16_091, 16_092]);
    deepEqual(listenerPorts(await bootstrap({})), [15_021, 15_090]);
  });

  it('has the PROXY protocol on the readiness listener with its variable', async () => {
    const env = { ENVOY_STATUS_PORT_ENABLE_PROXY_PROTOCOL: 'true' };

    match(JSON.stringify(await bootstrap({ env })), /envoy\.listener\.proxy_protocol/);
  });

  it('speaks delta xDS unless ISTIO_DELTA_XDS says otherwise', async () => {
    const type = 'dynamic_resources.ads_config.api_type';

    equal(at(await bootstrap({}), type), 'DELTA_GRPC');
    equal(at(await bootstrap({ env: { ISTIO_DELTA_XDS: 'false' } }), type), 'GRPC');
  });

  it('has a cluster of its own service with ISTIO_META_ENABLE_SELF_DISCOVERY', async () => {
    const env = { ISTIO_META_ENABLE_SELF_DISCOVERY: 'true' };

    match(JSON.stringify(await bootstrap({ env })), /"name":"local_cluster"/);
  });

  it('keeps fragments of paths with HTTP_STRIP_FRAGMENT_FROM_PATH_UNSAFE_IF_DISABLED=false', async () => {
    const env = { HTTP_STRIP_FRAGMENT_FROM_PATH_UNSAFE_IF_DISABLED: 'false' };

    const layer = JSON.stringify(at(await bootstrap({ env }), 'layered_runtime'));

    match(layer, /http_reject_path_with_fragment":false/);
  });

  it('tells the control plane what the variables of the pod say', async () => {
    const env = {
      POD_NAME: 'web-7',
      POD_NAMESPACE: 'shop',
      SERVICE_ACCOUNT: 'web',
      ISTIO_META_CLUSTER_ID: 'east',
      ISTIO_META_MESH_ID: 'mesh1',
      ISTIO_META_NETWORK: 'net1',
      ISTIO_META_OWNER: 'kubernetes://apis/apps/v1/namespaces/shop/deployments/web',
      ISTIO_META_WORKLOAD_NAME: 'web',
      ISTIO_META_NODE_NAME: 'node1',
      ISTIO_META_INTERCEPTION_MODE: 'REDIRECT',
      ISTIO_META_APP_CONTAINERS: 'web',
      ISTIO_META_POD_PORTS: '[{"containerPort":8080,"protocol":"TCP"}]',
      ISTIO_METAJSON_LABELS: '{"version":"v1"}',
      ISTIO_META_DNS_CAPTURE: 'true',
      EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true',
      PEER_METADATA_DISCOVERY: 'true',
      ENVOY_FLAVOR: 'istio-proxy',
      WORKLOAD_IDENTITY_SOCKET_FILE: 'spire.sock',
      DNS_PROXY_ADDR: 'localhost:16053',
    };

    const expected = {
      NAME: 'web-7',
      NAMESPACE: 'shop',
      SERVICE_ACCOUNT: 'web',
      CLUSTER_ID: 'east',
      MESH_ID: 'mesh1',
      NETWORK: 'net1',
      OWNER: 'kubernetes://apis/apps/v1/namespaces/shop/deployments/web',
      WORKLOAD_NAME: 'web',
      NODE_NAME: 'node1',
      INTERCEPTION_MODE: 'REDIRECT',
      APP_CONTAINERS: 'web',
      POD_PORTS: '[{"containerPort":8080,"protocol":"TCP"}]',
      LABELS: { version: 'v1' },
      DNS_CAPTURE: 'true',
      EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true',
      METADATA_DISCOVERY: 'true',
      WORKLOAD_IDENTITY_SOCKET_FILE: 'spire.sock',
      DNS_PROXY_ADDR: 'localhost:16053',
    };

    const found = await metadata({ env });

    for (const [name, value] of Object.entries(expected)) deepEqual(found[name], value, name);
  });

  it('tells the control plane of fields that are for it alone', async () => {
    const given = {
      statNameLength: 200,
      interceptionMode: 'TPROXY',
      gatewayTopology: { numTrustedProxies: 2 },
      meshId: 'mesh1',
      proxyHeaders: { attemptCount: { disabled: true } },
      connectionSettings: { httpMaxConcurrentStreams: 100 },
      discoveryRefreshDelay: '1s',
      zipkinAddress: 'zipkin.mesh:9411',
      availabilityZone: 'a',
      sds: { enabled: true },
      holdApplicationUntilProxyStarts: true,
      image: { imageType: 'distroless' },
    };

    const { PROXY_CONFIG: found = null } = await metadata({ proxyConfig: given });

    for (const [name, value] of Object.entries(given)) deepEqual(at(found, name), value, name);
  });

  it('has the ports, sinks and limits of ProxyConfig', async () => {
    const document = await bootstrap({
      proxyConfig: {
        proxyAdminPort: 16_000,
        statsdUdpAddress: '10.0.0.9:8125',
        envoyMetricsService: { address: 'metrics.mesh:15000' },
        envoyAccessLogService: { address: 'logs.mesh:15000' },
        tracing: { zipkin: { address: 'zipkin.mesh:9411' } },
        runtimeValues: { 'a.b': 'true' },
        extraStatTags: ['shop'],
        proxyStatsMatcher: { inclusionPrefixes: ['shop.'] },
      },
    });
    const text = JSON.stringify(document);

    equal(at(document, 'admin.address.socket_address.port_value'), 16_000);
    match(text, /"envoy\.stat_sinks\.statsd"/);
    match(text, /"name":"envoy_metrics_service"/);
    match(text, /"name":"envoy_accesslog_service"/);
    match(text, /"name":"zipkin"/);
    match(JSON.stringify(at(document, 'layered_runtime')), /"a\.b":true/);
    match(JSON.stringify(at(document, 'stats_config')), /"tag_name":"shop"/);
    match(JSON.stringify(at(document, 'stats_config')), /"prefix":"shop\."/);
  });

  it('leaves statistics as they are with statsCompression: false', async () => {
    const compressor = /envoy\.filters\.http\.compressor/;

    match(JSON.stringify(await bootstrap({})), compressor);
    ok(!compressor.test(JSON.stringify(await bootstrap({ proxyConfig: { statsCompression: false } }))));
  });
});
