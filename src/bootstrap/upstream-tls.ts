// TLS towards services that the bootstrap itself names (tracer, metrics, access log): ClientTLSSettings as an
// Envoy transport socket whose certificates come from the agent's SDS server.
// Upstream: pkg/bootstrap/option/convert.go tlsContextConvert, pilot/pkg/security/authn/utils.

import type { TlsSettingsJson } from '../node/proxy-config-json.ts';
import { ConfigError } from '../runtime/errors.ts';
import type { JsonObject } from '../runtime/json.ts';

/** Paths in the node metadata (TLS_CLIENT_*) that win over those of the settings; empty text when unset. */
export interface ClientCertificatePaths {
  readonly certificate: string;
  readonly privateKey: string;
  readonly rootCertificate: string;
}

export interface UpstreamTlsInput {
  /** Where the settings stand, for the error: `tracing`, `envoyMetricsService`, … */
  readonly field: string;
  readonly settings: TlsSettingsJson | undefined;
  /** Server name under ISTIO_MUTUAL when the settings have none. */
  readonly defaultSni: string;
  /** False for a service that speaks HTTP/1.1: no ALPN is offered. */
  readonly isHttp2: boolean;
  readonly paths: ClientCertificatePaths;
}

/** Envoy's limit. */
const MAX_SNI_BYTES = 255;

/**
 * @returns null when the connection is plain text
 * @throws ConfigError naming a field that Envoy would refuse: a mode that needs a CA without one, too long an SNI
 */
export function upstreamTls(input: UpstreamTlsInput): JsonObject | null {
  const { settings = {} } = input;
  const mode = settings.mode ?? 'DISABLE';
  if (mode === 'DISABLE') return null;
  const isMesh = mode === 'ISTIO_MUTUAL';
  const sni = settings.sni || (isMesh ? input.defaultSni : '');
  if (Buffer.byteLength(sni) > MAX_SNI_BYTES) {
    throw new ConfigError(`${input.field}.tlsSettings.sni is longer than ${MAX_SNI_BYTES} bytes`);
  }
  const context = isMesh ? meshCertificates(settings) : fileCertificates(input, settings, mode);
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      ...(sni !== '' && { sni }),
      common_tls_context: {
        ...context,
        ...(input.isHttp2 && { alpn_protocols: isMesh ? ['istio', 'h2'] : ['h2'] }),
      },
    },
  };
}

function meshCertificates(settings: TlsSettingsJson): JsonObject {
  return {
    tls_certificate_sds_secret_configs: [sdsSecret('default', true)],
    combined_validation_context: validation(settings, sdsSecret('ROOTCA', true)),
  };
}

function fileCertificates(input: UpstreamTlsInput, settings: TlsSettingsJson, mode: string): JsonObject {
  const { field, paths } = input;
  const ca = paths.rootCertificate || settings.caCertificates || '';
  const certificate = paths.certificate || settings.clientCertificate || '';
  const key = paths.privateKey || settings.privateKey || '';
  if (ca === '') throw new ConfigError(`${field}.tlsSettings.caCertificates is needed with mode ${mode}`);
  const isMutual = mode === 'MUTUAL' && certificate !== '' && key !== '';
  return {
    ...(isMutual && {
      tls_certificate_sds_secret_configs: [sdsSecret(`file-cert:${certificate}~${key}`, false)],
    }),
    combined_validation_context: validation(settings, sdsSecret(`file-root:${ca}`, false)),
  };
}

function validation(settings: TlsSettingsJson, secret: JsonObject): JsonObject {
  const names = (settings.subjectAltNames ?? []).map((exact) => ({ exact }));
  return {
    default_validation_context: names.length === 0 ? {} : { match_subject_alt_names: names },
    validation_context_sds_secret_config: secret,
  };
}

/** @param waits until the first answer, however long it takes: the workload's own certificates are on their way */
function sdsSecret(name: string, waits: boolean): JsonObject {
  return {
    name,
    sds_config: {
      api_config_source: {
        api_type: 'GRPC',
        grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
        set_node_on_first_message_only: true,
        transport_api_version: 'V3',
      },
      ...(waits && { initial_fetch_timeout: '0s' }),
      resource_api_version: 'V3',
    },
  };
}
