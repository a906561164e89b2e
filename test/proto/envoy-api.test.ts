import assert from 'node:assert/strict';

import { loadEnvoyApi } from '../../src/proto/envoy-api.ts';

/** What a mesh's resources are made of: the types a configuration directory must be able to hold. */
const NEEDED = [
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.config.core.v3.TypedExtensionConfig',
  'envoy.extensions.transport_sockets.tls.v3.Secret',
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'envoy.extensions.transport_sockets.internal_upstream.v3.InternalUpstreamTransport',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
  'envoy.extensions.filters.network.rbac.v3.RBAC',
  'envoy.extensions.filters.network.set_filter_state.v3.Config',
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.http.rbac.v3.RBAC',
  'envoy.extensions.filters.http.set_filter_state.v3.Config',
  'envoy.extensions.filters.http.wasm.v3.Wasm',
  'envoy.extensions.filters.http.health_check.v3.HealthCheck',
  'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
  'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
  'envoy.extensions.access_loggers.file.v3.FileAccessLog',
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
  'envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
  'xds.type.v3.TypedStruct',
  'udpa.type.v1.TypedStruct',
];

describe('loadEnvoyApi', () => {
  it('knows the messages resources are made of', async () => {
    const { root } = await loadEnvoyApi();

    for (const name of NEEDED) assert.doesNotThrow(() => root.lookupType(name), name);
  });

  it('corresponds to the release it names', async () => {
    const { root } = await loadEnvoyApi();

    const newest = (name: string): number =>
      Math.max(...root.lookupType(name).fieldsArray.map(({ id }) => id));
    assert.equal(newest('envoy.config.bootstrap.v3.Bootstrap'), 41);
    assert.equal(
      newest('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
      57,
    );
  });
});
