// What Envoy's resources are put together from: plain objects in protobuf's JSON form. Says nothing of who gets them.

/** Where requests for some host names go. */
export interface VirtualHost {
  readonly domains: readonly string[];
  readonly cluster: string;
  /** Further fields of the route. */
  readonly route?: object;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** One virtual host: everything to the cluster. */
export function everyHost(cluster: string, route: object = {}): readonly VirtualHost[] {
  return [{ domains: ['*'], cluster, route }];
}

/** @param more further fields of the connection manager */
export function http(statPrefix: string, hosts: readonly VirtualHost[], more: object = {}): object {
  return networkFilter('http_connection_manager', 'http_connection_manager.v3.HttpConnectionManager', {
    ...httpManager(statPrefix, hosts),
    ...more,
  });
}

/** The fields of a connection manager with its routes inside. */
export function httpManager(statPrefix: string, hosts: readonly VirtualHost[]): object {
  return {
    stat_prefix: statPrefix,
    route_config: {
      name: statPrefix,
      validate_clusters: false,
      virtual_hosts: hosts.map(({ domains, cluster, route }) => ({
        name: domains[0] === '*' ? 'all' : domains[0],
        domains,
        routes: [{ match: { prefix: '/' }, route: { cluster, timeout: '0s', ...route } }],
      })),
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': type('extensions.filters.http.router.v3.Router') },
      },
    ],
  };
}

/** Bytes as they come, to the cluster. */
export function tcp(statPrefix: string, cluster: string): object {
  return networkFilter('tcp_proxy', 'tcp_proxy.v3.TcpProxy', { stat_prefix: statPrefix, cluster });
}

function networkFilter(name: string, message: string, fields: object): object {
  const typed = { '@type': type(`extensions.filters.network.${message}`), ...fields };
  return { name: `envoy.filters.network.${name}`, typed_config: typed };
}

export function listenerFilter(name: string, message: string, fields: object = {}): object {
  const typed = { '@type': type(`extensions.filters.listener.${message}`), ...fields };
  return { name: `envoy.filters.listener.${name}`, typed_config: typed };
}

export function tlsSocket(message: string, fields: object): object {
  const typed = { '@type': type(`extensions.transport_sockets.tls.v3.${message}`), ...fields };
  return { name: 'envoy.transport_sockets.tls', typed_config: typed };
}

/** The workload's certificate and the mesh's root, both from the agent; the peer must have one of the ids. */
export function mutualTls(peers: readonly string[]): object {
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

/** What the server's certificate says of its client goes on with the request, behind what the client sent. */
export const FORWARD_CLIENT_CERTIFICATE = {
  forward_client_cert_details: 'APPEND_FORWARD',
  set_current_client_cert_details: { subject: true, dns: true, uri: true },
};

/** What Istio retries by default, and a connection that closes under a request. */
export const RETRIES = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled,reset-before-request',
  num_retries: 2,
};

/** Puts what came through capture where it was going before. */
export const ORIGINAL_DESTINATION = { type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' };

/** The capture rules let pass what comes from here. */
export const FROM_PROXY = { source_address: { address: '127.0.0.6', port_value: 0 } };

export function listener(fields: object): object {
  return { '@type': type('config.listener.v3.Listener'), ...fields };
}

export function cluster(fields: object): object {
  return { '@type': type('config.cluster.v3.Cluster'), connect_timeout: '2s', ...fields };
}

/** A cluster of known addresses. */
export function staticCluster(name: string, endpoints: readonly Endpoint[], more: object = {}): object {
  return cluster({ name, type: 'STATIC', load_assignment: loadAssignment(name, endpoints), ...more });
}

export interface LoadAssignment {
  readonly cluster_name: string;
  readonly endpoints: readonly { readonly lb_endpoints: readonly object[] }[];
}

export function loadAssignment(clusterName: string, endpoints: readonly Endpoint[]): LoadAssignment {
  const lbEndpoints = endpoints.map(({ address, port }) => ({
    endpoint: { address: socket(address, port) },
  }));
  return { cluster_name: clusterName, endpoints: [{ lb_endpoints: lbEndpoints }] };
}

export function socket(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

/** The type URL of a message of Envoy's. */
export function type(message: string): string {
  return `type.googleapis.com/envoy.${message}`;
}
