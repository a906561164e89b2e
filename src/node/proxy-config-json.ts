// The effective ProxyConfig as node metadata carries it. Where it comes from, and that it is canonical, is config's.

/**
 * ProxyConfig in canonical protobuf JSON: camelCase names, enums by name, durations as text, no zero values. Only the members that the
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
