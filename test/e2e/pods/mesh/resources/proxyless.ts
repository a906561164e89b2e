// Resources of applications that speak xDS themselves, through the agent: a client's view of every service, under the
// target `xds:///<host>:<port>`.

import {
  cluster,
  everyHost,
  httpManager,
  listener,
  loadAssignment,
  tlsSocket,
  type,
} from '../../../../../examples/demo/envoy-resources.ts';
import type { Service, ServicePort } from '../services.ts';

export function proxylessResources(services: readonly Service[]): readonly object[] {
  return services.flatMap(({ host, ports }) =>
    ports.filter(({ protocol }) => protocol !== 'tcp').flatMap((port) => target(host, port)),
  );
}

function target(host: string, port: ServicePort): readonly object[] {
  return [apiListener(`${host}:${port.port}`, port.cluster), edsCluster(port), endpoints(port)];
}

function apiListener(name: string, clusterName: string): object {
  const manager = type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager');
  const fields = httpManager(name, everyHost(clusterName));
  return listener({ name, api_listener: { api_listener: { '@type': manager, ...fields } } });
}

function edsCluster(port: ServicePort): object {
  return cluster({
    name: port.cluster,
    type: 'EDS',
    eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } },
    ...(port.tls ? { transport_socket: toPeer(port) } : {}),
  });
}

/** Certificates come from the files that the agent's bootstrap names as the provider `default`. */
function toPeer({ identities }: ServicePort): object {
  return tlsSocket('UpstreamTlsContext', {
    common_tls_context: {
      tls_certificate_provider_instance: { instance_name: 'default', certificate_name: 'default' },
      validation_context: {
        ca_certificate_provider_instance: { instance_name: 'default', certificate_name: 'ROOTCA' },
        match_subject_alt_names: identities.map((exact) => ({ exact })),
      },
    },
  });
}

/** gRPC wants weights and a locality. */
function endpoints({ cluster: name, endpoints: all }: ServicePort): object {
  const { endpoints: groups } = loadAssignment(name, all);
  return {
    '@type': type('config.endpoint.v3.ClusterLoadAssignment'),
    cluster_name: name,
    endpoints: groups.map(({ lb_endpoints }) => ({
      locality: { region: 'here' },
      load_balancing_weight: 1,
      lb_endpoints: lb_endpoints.map((one) => ({ ...one, load_balancing_weight: 1 })),
    })),
  };
}
