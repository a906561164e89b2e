// Envoy resources of a call over mutual TLS with the workloads' own certificates. Every request is a connection and a
// whole handshake of its own, so each one shows what both sides hold at that moment.

import { answeringListener, forwardingListener, staticCluster } from '../mesh-resources.ts';
import { downstreamTls, sds } from '../sds-resources.ts';

/**
 * Where they listen: no outgoing connection has this address, so none can take a port between its choice and its use.
 */
export const MESH_HOST = '127.0.0.77';

const UPSTREAM_TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Answers callers that have a certificate of the mesh. */
export function calledResources(port: number): readonly object[] {
  const plain = answeringListener('called', port) as { filter_chains: readonly [object] };
  const socket = { ...downstreamTls(), disable_stateless_session_resumption: true };
  const listener = {
    ...plain,
    address: addressOf(port),
    filter_chains: [{ ...plain.filter_chains[0], transport_socket: tls(socket) }],
  };
  return [listener, staticCluster('unused', port)];
}

/** Passes what comes in plain text on to the called workload. */
export function callingResources(name: string, port: number, calledPort: number): readonly object[] {
  const context = {
    '@type': UPSTREAM_TLS,
    max_session_keys: 0,
    common_tls_context: {
      tls_certificate_sds_secret_configs: [sds('default')],
      combined_validation_context: {
        default_validation_context: {},
        validation_context_sds_secret_config: sds('ROOTCA'),
      },
    },
  };
  const options = {
    '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
    common_http_protocol_options: { max_requests_per_connection: 1 },
    explicit_http_config: { http_protocol_options: {} },
  };
  const cluster = {
    ...staticCluster(name, calledPort),
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(calledPort) } }] }],
    },
    transport_socket: tls(context),
    typed_extension_protocol_options: { [HTTP_OPTIONS]: options },
  };
  return [{ ...forwardingListener(`${name}-in`, port, name), address: addressOf(port) }, cluster];
}

function addressOf(port: number): object {
  return { socket_address: { address: MESH_HOST, port_value: port } };
}

function tls(context: object): object {
  return { name: 'envoy.transport_sockets.tls', typed_config: context };
}
