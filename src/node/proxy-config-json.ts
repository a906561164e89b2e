// The effective ProxyConfig as the canonical protobuf JSON that node metadata carries: zero values gone, wrappers
// and set messages kept. Where the configuration comes from is config's.

import { isJsonObject, sortedObject, type JsonObject, type JsonValue } from './json.ts';

/**
 * ProxyConfig in protobuf JSON: camelCase names, enums by name, durations as text. Only the members that the
 * metadata and the bootstrap look into are named; all others travel along.
 */
export interface ProxyConfigJson {
  readonly configPath?: string;
  readonly serviceCluster?: string;
  readonly tracingServiceName?: string;
  readonly discoveryAddress?: string;
  readonly proxyAdminPort?: number;
  readonly statusPort?: number;
  readonly controlPlaneAuthPolicy?: string;
  readonly statsdUdpAddress?: string;
  readonly proxyMetadata?: Readonly<Record<string, string>>;
  readonly runtimeValues?: Readonly<Record<string, string>>;
  readonly extraStatTags?: readonly string[];
  readonly statsCompression?: boolean;
  readonly proxyStatsMatcher?: {
    readonly inclusionPrefixes?: readonly string[];
    readonly inclusionSuffixes?: readonly string[];
    readonly inclusionRegexps?: readonly string[];
  };
  readonly tracing?: TracingJson;
  readonly envoyMetricsService?: RemoteServiceJson;
  readonly envoyAccessLogService?: RemoteServiceJson;
  readonly envoyMetricsServiceAddress?: string;
}

export interface TracingJson {
  readonly zipkin?: { readonly address?: string };
  readonly lightstep?: { readonly address?: string; readonly accessToken?: string };
  readonly datadog?: { readonly address?: string };
  readonly stackdriver?: object;
  readonly tlsSettings?: TlsSettingsJson;
}

export interface RemoteServiceJson {
  readonly address?: string;
  readonly tlsSettings?: TlsSettingsJson;
  readonly tcpKeepalive?: { readonly probes?: number; readonly time?: string; readonly interval?: string };
}

export interface TlsSettingsJson {
  readonly mode?: string;
  readonly clientCertificate?: string;
  readonly privateKey?: string;
  readonly caCertificates?: string;
  readonly sni?: string;
  readonly subjectAltNames?: readonly string[];
}

/** Members whose 0 or false says something, because their type is a wrapper. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'concurrency',
  'holdApplicationUntilProxyStarts',
  'statsCompression',
  'enableIstioTags',
  'insecureSkipVerify',
  'disabled',
  'enabled',
  'fallback',
  'cert',
  'chain',
  'dns',
  'subject',
  'uri',
  'preserveHttp1HeaderCase',
]);

/** Objects whose members are entries: an empty one says nothing, and its values are not fields. */
const MAPS: ReadonlySet<string> = new Set(['proxyMetadata', 'runtimeValues', 'customTags']);

/** The enum value 0 of each member that has one outside a oneof. */
const ENUM_ZEROS: Readonly<Record<string, readonly string[]>> = {
  controlPlaneAuthPolicy: ['NONE'],
  interceptionMode: ['REDIRECT'],
  mode: ['DISABLE', 'UNDEFINED'],
  forwardClientCertDetails: ['UNDEFINED'],
  forwardedClientCert: ['UNDEFINED'],
  profile: ['SIDECAR'],
};

/** Keys sorted; the input is left alone. */
export function canonicalProxyConfig(config: ProxyConfigJson): JsonObject {
  return sortedObject(withoutZeros(config as JsonObject));
}

function withoutZeros(message: JsonObject): JsonObject {
  const kept = Object.entries(message)
    .filter(([name, value]) => !isZero(name, value))
    .map(([name, value]) => [name, MAPS.has(name) ? value : cleaned(value)]);
  return Object.fromEntries(kept);
}

function cleaned(value: JsonValue): JsonValue {
  if (isJsonObject(value)) return withoutZeros(value);
  return Array.isArray(value) ? value.map(cleaned) : value;
}

function isZero(name: string, value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (value === 0 || value === false) return !WRAPPERS.has(name);
  if (typeof value === 'string') return value === '' || (ENUM_ZEROS[name]?.includes(value) ?? false);
  if (Array.isArray(value)) return value.length === 0;
  return MAPS.has(name) && isJsonObject(value) && Object.keys(value).length === 0;
}
