// Ways to the other pods, of a proxy that holds the workload's certificate.

import {
  cluster,
  mutualTls,
  ORIGINAL_DESTINATION,
  staticCluster,
  tlsSocket,
  type,
} from '../../../../../examples/demo/envoy-resources.ts';
import type { Service, ServicePort } from '../services.ts';

export const PASSTHROUGH = cluster({ name: 'PassthroughCluster', ...ORIGINAL_DESTINATION });

/** Whatever the caller speaks is spoken on: an application knows only one of them. */
export const SAME_PROTOCOL = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
      use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
    },
  },
};

/** One per port of every service. */
export function serviceClusters(services: readonly Service[]): readonly object[] {
  return services.flatMap(({ host, ports }) => ports.map((port) => serviceCluster(host, port)));
}

function serviceCluster(host: string, port: ServicePort): object {
  return staticCluster(port.cluster, port.endpoints, {
    ...(port.protocol === 'tcp' ? {} : SAME_PROTOCOL),
    ...(port.tls ? { transport_socket: toPeer(host, port) } : {}),
  });
}

function toPeer(host: string, { port, identities }: ServicePort): object {
  return tlsSocket('UpstreamTlsContext', {
    sni: `outbound_.${port}_._.${host}`,
    common_tls_context: mutualTls(identities),
  });
}
