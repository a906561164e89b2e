// The services outside the mesh's own that Envoy reports to: tracer, metrics service, access log service, statsd.
// Upstream: pkg/bootstrap/config.go getProxyConfigOptions.

import { join } from 'node:path';

import type { TypedMetadata } from '../node/metadata-fields.ts';
import type { ProxyConfigJson, RemoteServiceJson } from '../node/proxy-config-json.ts';
import { ConfigError } from '../runtime/errors.ts';
import { parseDurationMs, SECOND_MS } from '../runtime/duration.ts';
import type { JsonObject } from '../runtime/json.ts';
import { socketAddress, statsdAddress, type SocketAddress } from './address.ts';
import { upstreamTls, type ClientCertificatePaths } from './upstream-tls.ts';

export interface RemoteServiceInput {
  readonly proxyConfig: ProxyConfigJson;
  readonly metadata: TypedMetadata;
  readonly hostIp: string;
}

/** Template parameters; null means not configured. TLS is a transport socket. */
export interface TracerParameters {
  readonly zipkin: SocketAddress | null;
  readonly lightstep: SocketAddress | null;
  readonly datadog: SocketAddress | null;
  readonly tracing_tls: JsonObject | null;
  /** Path of the file that holds the Lightstep access token; written beside the bootstrap. */
  readonly lightstepToken: string | null;
}

/** @throws ConfigError for an address, TLS setting or platform that the tracer cannot work with */
export function tracerParameters(input: RemoteServiceInput): TracerParameters {
  const { proxyConfig, metadata, hostIp } = input;
  const { zipkin, lightstep, datadog, stackdriver, tlsSettings } = proxyConfig.tracing ?? {};
  if (stackdriver !== undefined && !metadata.PLATFORM_METADATA['gcp_project']) {
    throw new ConfigError('unable to process Stackdriver tracer: missing GCP Project');
  }
  const addresses = {
    zipkin: socketAddress('zipkin', zipkin?.address, hostIp),
    lightstep: socketAddress('lightstep', lightstep?.address, hostIp),
    datadog: socketAddress('datadog', datadog?.address, hostIp),
  };
  const isTraced = Object.values(addresses).some((address) => address !== null);
  const tls = {
    field: 'tracing',
    settings: isTraced ? tlsSettings : undefined,
    defaultSni: 'tracer',
    isHttp2: addresses.lightstep !== null,
    paths: clientPaths(metadata),
  };
  const lightstepToken = addresses.lightstep === null ? null : lightstepTokenPath(proxyConfig);
  return { ...addresses, tracing_tls: upstreamTls(tls), lightstepToken };
}

export function lightstepTokenPath(proxyConfig: ProxyConfigJson): string {
  return join(proxyConfig.configPath ?? '', 'lightstep_access_token.txt');
}

export interface ReportingParameters {
  readonly envoy_metrics_service_address: SocketAddress | null;
  readonly envoy_metrics_service_tls: JsonObject | null;
  readonly envoy_metrics_service_tcp_keepalive: JsonObject | null;
  readonly envoy_accesslog_service_address: SocketAddress | null;
  readonly envoy_accesslog_service_tls: JsonObject | null;
  readonly envoy_accesslog_service_tcp_keepalive: JsonObject | null;
  readonly statsd: SocketAddress | null;
}

/** @throws ConfigError for an address or TLS setting that Envoy would refuse */
export function reportingParameters(input: RemoteServiceInput): ReportingParameters {
  const { proxyConfig, hostIp } = input;
  // The deprecated plain address is only asked when the service itself has none.
  const metrics = proxyConfig.envoyMetricsService?.address
    ? proxyConfig.envoyMetricsService
    : { address: proxyConfig.envoyMetricsServiceAddress ?? '' };
  const metricsService = remoteService(input, metrics, 'envoyMetricsService', 'envoy_metrics_service');
  const accessLog = proxyConfig.envoyAccessLogService ?? {};
  const accessLogService = remoteService(
    input,
    accessLog,
    'envoyAccessLogService',
    'envoy_accesslog_service',
  );
  return {
    envoy_metrics_service_address: metricsService.address,
    envoy_metrics_service_tls: metricsService.tls,
    envoy_metrics_service_tcp_keepalive: metricsService.keepalive,
    envoy_accesslog_service_address: accessLogService.address,
    envoy_accesslog_service_tls: accessLogService.tls,
    envoy_accesslog_service_tcp_keepalive: accessLogService.keepalive,
    statsd: statsdAddress(proxyConfig.statsdUdpAddress, hostIp),
  };
}

interface RemoteService {
  readonly address: SocketAddress | null;
  readonly tls: JsonObject | null;
  readonly keepalive: JsonObject | null;
}

function remoteService(
  { metadata, hostIp }: RemoteServiceInput,
  service: RemoteServiceJson,
  field: string,
  name: string,
): RemoteService {
  const address = socketAddress(`${name}_address`, service.address, hostIp);
  if (address === null) return { address: null, tls: null, keepalive: null };
  const settings = service.tlsSettings;
  const tls = upstreamTls({ field, settings, defaultSni: name, isHttp2: true, paths: clientPaths(metadata) });
  return { address, tls, keepalive: tcpKeepalive(service.tcpKeepalive) };
}

/** Envoy counts in whole seconds; a part of a second says nothing. */
function tcpKeepalive(settings: RemoteServiceJson['tcpKeepalive']): JsonObject | null {
  if (settings === undefined) return null;
  const fields = {
    keepalive_probes: settings.probes ?? 0,
    keepalive_time: wholeSeconds(settings.time),
    keepalive_interval: wholeSeconds(settings.interval),
  };
  return { tcp_keepalive: Object.fromEntries(Object.entries(fields).filter(([, value]) => value > 0)) };
}

function wholeSeconds(duration: string | undefined): number {
  return duration === undefined ? 0 : Math.floor(parseDurationMs(duration) / SECOND_MS);
}

function clientPaths(metadata: TypedMetadata): ClientCertificatePaths {
  return {
    certificate: metadata.TLS_CLIENT_CERT_CHAIN,
    privateKey: metadata.TLS_CLIENT_KEY,
    rootCertificate: metadata.TLS_CLIENT_ROOT_CERT,
  };
}
