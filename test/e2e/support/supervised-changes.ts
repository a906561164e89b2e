// Bootstraps that work with nobody, as changes of one that works.

import { cluster, listener, withCluster, withListener, type Change } from './supervised-bootstrap.ts';

/** Its control plane never answers. @param initialFetchTimeout `0s`: it waits for ever */
export function waiting(initialFetchTimeout: string): Change {
  const discovery = { ads: {}, initial_fetch_timeout: initialFetchTimeout, resource_api_version: 'V3' };
  return (bootstrap) => ({
    ...bootstrap,
    dynamic_resources: {
      ads_config: { api_type: 'GRPC', grpc_services: [{ envoy_grpc: { cluster_name: 'nobody' } }] },
      lds_config: discovery,
    },
    static_resources: {
      clusters: [{ name: 'nobody', type: 'STATIC', load_assignment: { cluster_name: 'nobody' } }],
    },
  });
}

/** An extension nobody has. */
export const unheardOf: Change = (bootstrap) => ({
  ...bootstrap,
  bootstrap_extensions: [
    { name: 'unheard.of', typed_config: { '@type': 'type.googleapis.com/un.heard.Of' } },
  ],
});

/** Envoy says OK to `--mode validate` and ends with code 0 when it serves. */
export const skipsItsClusters: Change = (bootstrap) => ({
  ...bootstrap,
  cluster_manager: { load_stats_config: { api_type: 'GRPC' } },
});

/** Passed over by Envoy, because the agent tells it to. */
export const unknownField: Change = (bootstrap) => ({ ...bootstrap, no_such_field: 1 });

export const badDuration: Change = withCluster({ ...cluster('late', 1), connect_timeout: '-1s' });

/** A TLS cluster whose root certificate is not there: Envoy finds out when it has taken the admin port. */
export const withoutCertificate = {
  ...cluster('secure', 1),
  transport_socket: {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      common_tls_context: { validation_context: { trusted_ca: { filename: '/no/such/ca.pem' } } },
    },
  },
};

export const missingCertificate: Change = withCluster(withoutCertificate);

/** A listener at a port that another process has. */
export function takenPort(port: number): Change {
  return withListener(listener('taken', port));
}
