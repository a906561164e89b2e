// The listener that captured connections arrive at, as small as it can be: it shows the workload's certificate to
// whoever connects, so it is there only when the agent's SDS server has given that to Envoy.

import { answeringListener } from './mesh-resources.ts';

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

export function inboundListener(port: number): object {
  const plain = answeringListener('virtualInbound', port) as { filter_chains: readonly [object] };
  const chain = { ...plain.filter_chains[0], transport_socket: workloadTls() };
  return {
    ...plain,
    address: { socket_address: { address: '0.0.0.0', port_value: port } },
    traffic_direction: 'INBOUND',
    filter_chains: [chain],
  };
}

function workloadTls(): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': TLS,
      common_tls_context: {
        tls_certificate_sds_secret_configs: [sdsSecret('default')],
        validation_context_sds_secret_config: sdsSecret('ROOTCA'),
      },
    },
  };
}

function sdsSecret(name: string): object {
  const api = {
    api_type: 'GRPC',
    transport_api_version: 'V3',
    set_node_on_first_message_only: true,
    grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
  };
  return {
    name,
    sds_config: { api_config_source: api, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
  };
}
