// A listener whose certificate and roots come over SDS, as the control plane configures it, and what Envoy's admin page
// says of the certificates it has.

/** Names of the secrets of one listener. */
export interface SecretNames {
  readonly certificate: string;
  readonly anchors: string;
}

const WORKLOAD: SecretNames = { certificate: 'default', anchors: 'ROOTCA' };

/** Takes what comes over mutual TLS. */
export function tlsListener(name: string, port: number, secrets = WORKLOAD): object {
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [
          { name: 'envoy.filters.network.echo', typed_config: typed('filters.network.echo.v3.Echo') },
        ],
        transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: downstreamTls(secrets) },
      },
    ],
  };
}

/** Shows the certificate, and wants one that the anchors verify. */
export function downstreamTls({ certificate, anchors }: SecretNames = WORKLOAD): object {
  return {
    ...typed('transport_sockets.tls.v3.DownstreamTlsContext'),
    require_client_certificate: true,
    common_tls_context: {
      tls_certificate_sds_secret_configs: [sds(certificate)],
      combined_validation_context: {
        default_validation_context: {},
        validation_context_sds_secret_config: sds(anchors),
      },
    },
  };
}

/** A secret that the agent serves. */
export function sds(name: string): object {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      initial_fetch_timeout: '0s',
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
      },
    },
  };
}

function typed(name: string): object {
  return { '@type': `type.googleapis.com/envoy.extensions.${name}` };
}

interface AdminCertificate {
  readonly serial_number: string;
  readonly subject_alt_names: readonly { readonly uri?: string }[];
}

export interface AdminCerts {
  readonly certificates: readonly {
    readonly ca_cert: readonly AdminCertificate[];
    readonly cert_chain: readonly AdminCertificate[];
  }[];
}

/** @param url of the page `/certs` */
export async function adminCerts(url: string): Promise<AdminCerts> {
  const answer = await fetch(url, { headers: { connection: 'close' } });
  return (await answer.json()) as AdminCerts;
}

/** Of the first certificate that Envoy uses; undefined when it has none. */
export function servedSerial({ certificates }: AdminCerts): string | undefined {
  return plainSerial(certificates[0]?.cert_chain[0]?.serial_number);
}

/** Node and Envoy write serial numbers in different ways. */
export function plainSerial(serial: string | undefined): string | undefined {
  return serial?.toLowerCase().replace(/^0+/, '');
}
