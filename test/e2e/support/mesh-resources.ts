// Small Envoy resources for `agent discovery`, as the documents of its configuration directory.

const TYPE = 'type.googleapis.com/envoy';
const HCM = `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const ROUTER = `${TYPE}.extensions.filters.http.router.v3.Router`;

/** A listener that answers every request itself with 200 and `body`, after `delay` when the path is `/slow`. */
export function answeringListener(name: string, port: number, body = 'hello'): object {
  const answer = { status: 200, body: { inline_string: body } };
  return {
    '@type': `${TYPE}.config.listener.v3.Listener`,
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [httpFilter(name, { direct_response: answer })] }],
  };
}

/** A listener that forwards every request to a cluster. */
export function forwardingListener(name: string, port: number, cluster: string): object {
  return {
    '@type': `${TYPE}.config.listener.v3.Listener`,
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [httpFilter(name, { route: { cluster } })] }],
  };
}

export function staticCluster(name: string, port: number): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return {
    '@type': `${TYPE}.config.cluster.v3.Cluster`,
    name,
    connect_timeout: '1s',
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

function httpFilter(name: string, action: object): { readonly name: string; readonly typed_config: object } {
  const virtualHost = { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, ...action }] };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': HCM,
      stat_prefix: name,
      route_config: { virtual_hosts: [virtualHost] },
      http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': ROUTER } }],
    },
  };
}

/** What a gRPC client asks for by its target's name: all its calls go to one cluster. */
export function apiListener(name: string, cluster: string): object {
  const { typed_config } = httpFilter(name, { route: { cluster } });
  return {
    '@type': `${TYPE}.config.listener.v3.Listener`,
    name,
    api_listener: { api_listener: typed_config },
  };
}

/** A cluster whose endpoints come over xDS, the only kind gRPC clients know beside DNS. */
export function edsCluster(name: string): object {
  const eds_config = { ads: {}, resource_api_version: 'V3' };
  return {
    '@type': `${TYPE}.config.cluster.v3.Cluster`,
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config },
    lb_policy: 'ROUND_ROBIN',
  };
}

export function endpoints(cluster: string, port: number): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  const locality = { region: 'here' };
  const lb_endpoints = [{ endpoint: { address }, load_balancing_weight: 1 }];
  return {
    '@type': `${TYPE}.config.endpoint.v3.ClusterLoadAssignment`,
    cluster_name: cluster,
    endpoints: [{ locality, load_balancing_weight: 1, lb_endpoints }],
  };
}
