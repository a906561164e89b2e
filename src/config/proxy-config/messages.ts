// The messages inside ProxyConfig, as tables of fields.
// Upstream: istio/api mesh/v1alpha1/proxy.proto, networking ClientTLSSettings and ReadinessProbe.

import { enumeration, kept, list, map, message } from './proto-json.ts';
import { bool, double, duration, int32, int64, text, uint32 } from './proto-scalars.ts';

const optionalBool = kept(bool);
const optionalInt32 = kept(int32);
const optionalInt64 = kept(int64);

const FORWARD_CLIENT_CERT = enumeration({
  UNDEFINED: 0,
  SANITIZE: 1,
  FORWARD_ONLY: 2,
  APPEND_FORWARD: 3,
  SANITIZE_SET: 4,
  ALWAYS_FORWARD_ONLY: 5,
});

const tlsSettings = message({
  mode: enumeration({ DISABLE: 0, SIMPLE: 1, MUTUAL: 2, ISTIO_MUTUAL: 3 }),
  clientCertificate: text,
  privateKey: text,
  caCertificates: text,
  credentialName: text,
  subjectAltNames: list(text),
  sni: text,
  insecureSkipVerify: optionalBool,
  caCrl: text,
});

export const remoteService = message({
  address: text,
  tlsSettings,
  tcpKeepalive: message({ probes: uint32, time: duration, interval: duration }),
});

const TRACE_CONTEXT = enumeration({
  UNSPECIFIED: 0,
  W3C_TRACE_CONTEXT: 1,
  GRPC_BIN: 2,
  CLOUD_TRACE_CONTEXT: 3,
  B3: 4,
});

/** A null stays one: validation refuses it. */
const customTag = {
  ...message(
    {
      literal: message({ value: text }),
      environment: message({ name: text, defaultValue: text }),
      header: message({ name: text, defaultValue: text }),
    },
    ['literal', 'environment', 'header'],
  ),
  empty: null,
};

export const tracing = message(
  {
    zipkin: message({ address: text }),
    lightstep: message({ address: text, accessToken: text }),
    datadog: message({ address: text }),
    stackdriver: message({
      debug: bool,
      maxNumberOfAttributes: optionalInt64,
      maxNumberOfAnnotations: optionalInt64,
      maxNumberOfMessageEvents: optionalInt64,
    }),
    openCensusAgent: message({ address: text, context: list(TRACE_CONTEXT) }),
    customTags: map(customTag),
    maxPathTagLength: uint32,
    sampling: double,
    tlsSettings,
    enableIstioTags: optionalBool,
  },
  ['zipkin', 'lightstep', 'datadog', 'stackdriver', 'openCensusAgent'],
);

export const gatewayTopology = message({
  numTrustedProxies: uint32,
  forwardClientCertDetails: FORWARD_CLIENT_CERT,
  proxyProtocol: message({}),
});

export const readinessProbe = message(
  {
    initialDelaySeconds: int32,
    timeoutSeconds: int32,
    periodSeconds: int32,
    successThreshold: int32,
    failureThreshold: int32,
    httpGet: message({
      path: text,
      port: uint32,
      host: text,
      scheme: text,
      httpHeaders: list(message({ name: text, value: text })),
    }),
    tcpSocket: message({ host: text, port: uint32 }),
    exec: message({ command: list(text) }),
    grpc: message({ port: uint32, service: text }),
  },
  ['httpGet', 'tcpSocket', 'exec', 'grpc'],
);

export const proxyStatsMatcher = message({
  inclusionPrefixes: list(text),
  inclusionSuffixes: list(text),
  inclusionRegexps: list(text),
});

const keyProvider = message({ pollDelay: duration, fallback: optionalBool });
export const privateKeyProvider = message({ cryptomb: keyProvider, qat: keyProvider }, ['cryptomb', 'qat']);

const switchable = message({ disabled: optionalBool });
const enabling = message({ enabled: optionalBool });
export const proxyHeaders = message({
  forwardedClientCert: FORWARD_CLIENT_CERT,
  setCurrentClientCertDetails: message({
    subject: optionalBool,
    cert: optionalBool,
    chain: optionalBool,
    dns: optionalBool,
    uri: optionalBool,
  }),
  requestId: switchable,
  server: message({ disabled: optionalBool, value: text }),
  attemptCount: switchable,
  envoyDebugHeaders: switchable,
  metadataExchangeHeaders: message({ mode: enumeration({ UNDEFINED: 0, IN_MESH: 1 }) }),
  preserveHttp1HeaderCase: optionalBool,
  xForwardedHost: enabling,
  xForwardedPort: enabling,
});

const UNDERSCORES_ACTION = enumeration({
  HEADERS_WITH_UNDERSCORES_UNSPECIFIED: 0,
  HEADERS_WITH_UNDERSCORES_ALLOW: 1,
  HEADERS_WITH_UNDERSCORES_REJECT_REQUEST: 2,
  HEADERS_WITH_UNDERSCORES_DROP_HEADER: 3,
});

const ESCAPED_SLASHES_ACTION = enumeration({
  PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED: 0,
  KEEP_UNCHANGED: 1,
  REJECT_REQUEST: 2,
  UNESCAPE_AND_REDIRECT: 3,
  UNESCAPE_AND_FORWARD: 4,
});

export const connectionSettings = message({
  profile: enumeration({ SIDECAR: 0, EDGE: 1 }),
  listenerPerConnectionBufferLimitBytes: optionalInt32,
  clusterPerConnectionBufferLimitBytes: optionalInt32,
  httpIdleTimeout: duration,
  httpMaxConnectionDuration: duration,
  httpDrainTimeout: duration,
  httpRequestTimeout: duration,
  httpRequestHeadersTimeout: duration,
  httpStreamIdleTimeout: duration,
  httpMaxStreamDuration: duration,
  httpMaxConcurrentStreams: optionalInt32,
  http2InitialStreamWindowSize: optionalInt32,
  http2InitialConnectionWindowSize: optionalInt32,
  httpHeadersWithUnderscoresAction: UNDERSCORES_ACTION,
  httpMergeSlashes: optionalBool,
  httpPathWithEscapedSlashesAction: ESCAPED_SLASHES_ACTION,
  listenerConnectionLimit: optionalInt32,
  globalDownstreamConnectionLimit: optionalInt32,
});
