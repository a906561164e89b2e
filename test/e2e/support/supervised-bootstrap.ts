// The static bootstrap of a supervised Envoy: a listener that answers by itself, and beside it, when there is a
// backend, one that forwards HTTP to it and one that forwards bytes.

import type { RestartBackend } from './restart-backend.ts';

export type Bootstrap = Record<string, unknown>;

/** Turns a bootstrap that works into another one. */
export type Change = (bootstrap: Bootstrap) => Bootstrap;

export interface SupervisedPorts {
  readonly admin: number;
  readonly traffic: number;
  /** To the backend, HTTP without time limits; likewise the next, bytes. */
  readonly forward: number;
  readonly tcp: number;
}

const TYPES = 'type.googleapis.com/envoy.extensions.filters';

export function supervisedBootstrap(ports: SupervisedPorts, backend: RestartBackend | undefined): Bootstrap {
  const direct = listener('traffic', ports.traffic);
  const behind = backend && { listeners: forwardingListeners(ports), clusters: clusters(backend) };
  return {
    node: { id: 'test', cluster: 'test' },
    admin: { address: socketAddress(ports.admin) },
    static_resources: {
      listeners: [direct, ...(behind?.listeners ?? [])],
      clusters: behind?.clusters ?? [],
    },
  };
}

/** A listener that answers every request with 200. */
export function listener(name: string, port: number): object {
  const answer = { direct_response: { status: 200, body: { inline_string: 'hi\n' } } };
  return { ...namedListener(name, port, httpFilter(name, answer)), traffic_direction: 'INBOUND' };
}

export function cluster(name: string, port: number): object {
  const endpoint = { address: socketAddress(port) };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}

/** The change that adds a listener. */
export function withListener(added: object): Change {
  return (bootstrap) => withStatic(bootstrap, 'listeners', added);
}

/** The change that adds a cluster. */
export function withCluster(added: object): Change {
  return (bootstrap) => withStatic(bootstrap, 'clusters', added);
}

function withStatic(bootstrap: Bootstrap, kind: 'listeners' | 'clusters', added: object): Bootstrap {
  const resources = bootstrap.static_resources as Readonly<Record<typeof kind, readonly object[]>>;
  return { ...bootstrap, static_resources: { ...resources, [kind]: [...resources[kind], added] } };
}

function forwardingListeners({ forward, tcp }: SupervisedPorts): readonly object[] {
  const tcpProxy = {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      '@type': `${TYPES}.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: 'tcp',
      cluster: 'echo',
    },
  };
  return [
    namedListener('forward', forward, httpFilter('forward', { route: { cluster: 'http', timeout: '0s' } })),
    namedListener('tcp', tcp, tcpProxy),
  ];
}

function clusters({ httpPort, echoPort }: RestartBackend): readonly object[] {
  return [cluster('http', httpPort), cluster('echo', echoPort)];
}

function namedListener(name: string, port: number, filter: object): object {
  return { name, address: socketAddress(port), filter_chains: [{ filters: [filter] }] };
}

function httpFilter(name: string, action: object): object {
  const routes = [{ match: { prefix: '/' }, ...action }];
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${TYPES}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      http_filters: [
        { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPES}.http.router.v3.Router` } },
      ],
      route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] },
    },
  };
}

function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
