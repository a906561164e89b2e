// What the control plane tells the two Envoys, after the model of what Istio's sidecars get and no larger than
// mTLS and capture need. Plain objects in protobuf's JSON form; they become the files of `--config-dir`.

import {
  cluster,
  everyHost,
  FORWARD_CLIENT_CERTIFICATE,
  FROM_PROXY,
  http,
  listener,
  listenerFilter,
  mutualTls,
  ORIGINAL_DESTINATION,
  RETRIES,
  socket,
  staticCluster,
  tcp,
  tlsSocket,
  type,
} from './envoy-resources.ts';
import type { Layout } from './topology.ts';

export const NAMESPACE = 'demo';

export function spiffeId(serviceAccount: string): string {
  return `spiffe://cluster.local/ns/${NAMESPACE}/sa/${serviceAccount}`;
}

/** One file of the configuration directory: resources for the nodes the patterns name. */
export interface ConfigFile {
  readonly nodes: readonly string[];
  readonly resources: readonly object[];
}

/** Name of the server's listener for the mesh; its statistics carry it. */
export const INBOUND_LISTENER = 'virtualInbound';

/** The server's side: takes mTLS from the mesh and hands it to the program. */
export function serverConfig({ captured, hosts: { server } }: Layout): ConfigFile {
  const { inbound, app } = server.ports;
  const toProgram = captured
    ? cluster({ name: 'inbound', ...ORIGINAL_DESTINATION, upstream_bind_config: FROM_PROXY })
    : staticCluster('inbound', [{ address: '127.0.0.1', port: app }]);
  return {
    nodes: nodesOf('server'),
    resources: [
      toProgram,
      listener({
        name: INBOUND_LISTENER,
        address: socket(captured ? '0.0.0.0' : '127.0.0.1', inbound),
        traffic_direction: 'INBOUND',
        listener_filters: [
          ...(captured ? [listenerFilter('original_dst', 'original_dst.v3.OriginalDst')] : []),
          listenerFilter('tls_inspector', 'tls_inspector.v3.TlsInspector'),
        ],
        // only TLS matches: a plain-text connection is closed
        filter_chains: [
          {
            filter_chain_match: { transport_protocol: 'tls' },
            transport_socket: tlsSocket('DownstreamTlsContext', {
              require_client_certificate: true,
              common_tls_context: { ...mutualTls([]), alpn_protocols: ['h2', 'http/1.1'] },
            }),
            filters: [http('inbound', everyHost('inbound'), FORWARD_CLIENT_CERTIFICATE)],
          },
        ],
      }),
    ],
  };
}

/** The client's side: takes plain HTTP from the program and sends it to the server over mTLS. */
export function clientConfig({ captured, hosts: { client, server } }: Layout): ConfigFile {
  const name = `outbound|${server.ports.app}||server.${NAMESPACE}.svc.cluster.local`;
  const reached = captured ? server.ports.app : server.ports.inbound;
  const toServer = http('outbound', everyHost(name, { retry_policy: RETRIES }));
  return {
    nodes: nodesOf('client'),
    resources: [
      staticCluster(name, [{ address: server.address, port: reached }], {
        transport_socket: tlsSocket('UpstreamTlsContext', {
          sni: `outbound_.${server.ports.app}_._.server.${NAMESPACE}.svc.cluster.local`,
          common_tls_context: mutualTls([spiffeId('server')]),
        }),
        typed_extension_protocol_options: SHORT_CONNECTIONS,
      }),
      cluster({ name: 'PassthroughCluster', ...ORIGINAL_DESTINATION }),
      listener({
        name: 'virtualOutbound',
        address: socket(captured ? '0.0.0.0' : '127.0.0.1', client.ports.outbound),
        traffic_direction: 'OUTBOUND',
        ...(captured
          ? {
              listener_filters: [listenerFilter('original_dst', 'original_dst.v3.OriginalDst')],
              filter_chains: [
                { filter_chain_match: { destination_port: server.ports.app }, filters: [toServer] },
              ],
              default_filter_chain: { filters: [tcp('passthrough', 'PassthroughCluster')] },
            }
          : { filter_chains: [{ filters: [toServer] }] }),
      }),
    ],
  };
}

/** New connections now and then, so that a rotated certificate is soon seen by the other side. */
const SHORT_CONNECTIONS = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
    common_http_protocol_options: { max_requests_per_connection: 100 },
    explicit_http_config: { http_protocol_options: {} },
  },
};

function nodesOf(workload: string): readonly string[] {
  return [`sidecar~*~${workload}.${NAMESPACE}~*`];
}
