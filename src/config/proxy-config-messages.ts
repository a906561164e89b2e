// The messages inside ProxyConfig, as tables of fields.
// Upstream: istio/api mesh/v1alpha1/proxy.proto, networking ClientTLSSettings and ReadinessProbe.

import {
  anything,
  bool,
  double,
  duration,
  enumeration,
  int32,
  kept,
  list,
  map,
  message,
  text,
  uint32,
} from './proto-json.ts';

const optionalBool = kept(bool);
const optionalUint32 = kept(uint32);

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

export const tracing = message({
  zipkin: message({ address: text }),
  lightstep: message({ address: text, accessToken: text }),
  datadog: message({ address: text }),
  stackdriver: message({
    debug: bool,
    maxNumberOfAttributes: anything,
    maxNumberOfAnnotations: anything,
    maxNumberOfMessageEvents: anything,
  }),
  openCensusAgent: message({ address: text, context: list(anything) }),
  customTags: map(anything),
  maxPathTagLength: uint32,
  sampling: double,
  tlsSettings,
  enableIstioTags: optionalBool,
});

export const gatewayTopology = message({
  numTrustedProxies: uint32,
  forwardClientCertDetails: FORWARD_CLIENT_CERT,
  proxyProtocol: message({}),
});

export const readinessProbe = message({
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
});

export const proxyStatsMatcher = message({
  inclusionPrefixes: list(text),
  inclusionSuffixes: list(text),
  inclusionRegexps: list(text),
});

const keyProvider = message({ pollDelay: duration, fallback: optionalBool });
export const privateKeyProvider = message({ cryptomb: keyProvider, qat: keyProvider });

const switchable = message({ disabled: optionalBool });
const enabling = message({ enabled: optionalBool });
export const proxyHeaders = message({
  forwardedClientCert: FORWARD_CLIENT_CERT,
  server: message({ disabled: optionalBool, value: text }),
  requestId: switchable,
  attemptCount: switchable,
  envoyDebugHeaders: switchable,
  metadataExchangeHeaders: message({ mode: enumeration({ UNDEFINED: 0, IN_MESH: 1 }) }),
  setCurrentClientCertDetails: message({
    subject: optionalBool,
    cert: optionalBool,
    chain: optionalBool,
    dns: optionalBool,
    uri: optionalBool,
  }),
  preserveHttp1HeaderCase: optionalBool,
  xForwardedHost: enabling,
  xForwardedPort: enabling,
});

export const connectionSettings = message({
  profile: enumeration({ SIDECAR: 0, EDGE: 1 }),
  listenerPerConnectionBufferLimitBytes: kept(int32),
  clusterPerConnectionBufferLimitBytes: kept(int32),
  httpIdleTimeout: duration,
  httpMaxConnectionDuration: duration,
  httpDrainTimeout: duration,
  httpRequestTimeout: duration,
  httpRequestHeadersTimeout: duration,
  httpStreamIdleTimeout: duration,
  httpMaxStreamDuration: duration,
  httpMaxConcurrentStreams: kept(int32),
  http2InitialStreamWindowSize: kept(int32),
  http2InitialConnectionWindowSize: kept(int32),
  httpHeadersWithUnderscoresAction: anything,
  httpMergeSlashes: optionalBool,
  httpPathWithEscapedSlashesAction: anything,
  listenerConnectionLimit: kept(int32),
  globalDownstreamConnectionLimit: optionalUint32,
});
