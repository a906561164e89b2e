// What the control plane tells the two Envoys, after the model of what Istio's sidecars get and no larger than
// mTLS and capture need. Plain objects in protobuf's JSON form; they become the files of `--config-dir`.

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
    ? {
        // where the caller meant to go, from the address the capture rules let through
        type: 'ORIGINAL_DST',
        lb_policy: 'CLUSTER_PROVIDED',
        upstream_bind_config: { source_address: { address: '127.0.0.6', port_value: 0 } },
      }
    : { type: 'STATIC', load_assignment: endpoint('inbound', '127.0.0.1', app) };
  return {
    nodes: nodesOf('server'),
    resources: [
      cluster({ name: 'inbound', ...toProgram }),
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
            filters: [
              http('inbound', 'inbound', {
                forward_client_cert_details: 'APPEND_FORWARD',
                set_current_client_cert_details: { subject: true, dns: true, uri: true },
              }),
            ],
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
  const toServer = http('outbound', name, {}, { retry_policy: RETRIES });
  return {
    nodes: nodesOf('client'),
    resources: [
      cluster({
        name,
        type: 'STATIC',
        load_assignment: endpoint(name, server.address, reached),
        transport_socket: tlsSocket('UpstreamTlsContext', {
          sni: `outbound_.${server.ports.app}_._.server.${NAMESPACE}.svc.cluster.local`,
          common_tls_context: mutualTls([spiffeId('server')]),
        }),
        typed_extension_protocol_options: SHORT_CONNECTIONS,
      }),
      cluster({ name: 'PassthroughCluster', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' }),
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
              default_filter_chain: { filters: [passthrough()] },
            }
          : { filter_chains: [{ filters: [toServer] }] }),
      }),
    ],
  };
}

/** What Istio retries by default, and a connection that closes under a request. */
const RETRIES = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled,reset-before-request',
  num_retries: 2,
};

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

/** The workload's certificate and the mesh's root, both from the agent; the peer must have one of the ids. */
function mutualTls(peers: readonly string[]): object {
  return {
    tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
    tls_certificate_sds_secret_configs: [sdsSecret('default')],
    combined_validation_context: {
      default_validation_context: {
        match_typed_subject_alt_names: peers.map((exact) => ({ san_type: 'URI', matcher: { exact } })),
      },
      validation_context_sds_secret_config: sdsSecret('ROOTCA'),
    },
  };
}

/** From the agent's SDS server, whose cluster every bootstrap has. */
function sdsSecret(name: string): object {
  const service = { envoy_grpc: { cluster_name: 'sds-grpc' } };
  return {
    name,
    sds_config: {
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [service],
      },
      initial_fetch_timeout: '0s',
      resource_api_version: 'V3',
    },
  };
}

/** One route: everything to the cluster. */
function http(statPrefix: string, clusterName: string, more: object, route: object = {}): object {
  return networkFilter('http_connection_manager', 'http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: statPrefix,
    route_config: {
      name: clusterName,
      validate_clusters: false,
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: clusterName, timeout: '0s', ...route } }],
        },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': type('extensions.filters.http.router.v3.Router') },
      },
    ],
    ...more,
  });
}

function passthrough(): object {
  return networkFilter('tcp_proxy', 'tcp_proxy.v3.TcpProxy', {
    stat_prefix: 'passthrough',
    cluster: 'PassthroughCluster',
  });
}

function networkFilter(name: string, message: string, fields: object): object {
  const typed = { '@type': type(`extensions.filters.network.${message}`), ...fields };
  return { name: `envoy.filters.network.${name}`, typed_config: typed };
}

function listenerFilter(name: string, message: string): object {
  const typed = { '@type': type(`extensions.filters.listener.${message}`) };
  return { name: `envoy.filters.listener.${name}`, typed_config: typed };
}

function tlsSocket(message: string, fields: object): object {
  const typed = { '@type': type(`extensions.transport_sockets.tls.v3.${message}`), ...fields };
  return { name: 'envoy.transport_sockets.tls', typed_config: typed };
}

function listener(fields: object): object {
  return { '@type': type('config.listener.v3.Listener'), ...fields };
}

function cluster(fields: object): object {
  return { '@type': type('config.cluster.v3.Cluster'), connect_timeout: '2s', ...fields };
}

function endpoint(clusterName: string, address: string, port: number): object {
  const lbEndpoint = { endpoint: { address: socket(address, port) } };
  return { cluster_name: clusterName, endpoints: [{ lb_endpoints: [lbEndpoint] }] };
}

function socket(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

function type(message: string): string {
  return `type.googleapis.com/envoy.${message}`;
}
