// Variables about what runs beside the workload: Envoy, health, DNS, Wasm modules. How Envoy is restarted and ended
// has a file of its own, and the flags of istio-iptables have variables of their own, in its command.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/options, pkg/features.

import { HOUR_MS, SECOND_MS } from '../runtime/duration.ts';
import { optional, row } from './env-row.ts';
import { anyText, commaList, goBool, goDuration, goInt, oneOf } from './parsers.ts';
import { shutdownVariables } from './shutdown-variables.ts';
import { supervisionVariables } from './supervision-variables.ts';

const NO_WASM = { noEffect: 'Wasm modules are not fetched in this version' };

const envoy = {
  disableEnvoy: row('DISABLE_ENVOY', goBool, false, 'Proxyless: serve certificates and xDS, run no Envoy.'),
  dualStack: row('ISTIO_DUAL_STACK', goBool, false, 'Listen on both address families.'),
  envoyStatusPort: row('ENVOY_STATUS_PORT', goInt, 15_021, "Envoy's readiness listener."),
  envoyPrometheusPort: row('ENVOY_PROMETHEUS_PORT', goInt, 15_090, "Envoy's metrics listener."),
  envoySecureMetricsPort: row('ENVOY_SECURE_METRICS_PORT', goInt, 0, 'Metrics over mTLS; 0: off.'),
  envoySecureMergedMetricsPort: row(
    'ENVOY_SECURE_MERGED_METRICS_PORT',
    goInt,
    0,
    'Merged metrics over mTLS; 0: off.',
  ),
  statusPortProxyProtocol: row(
    'ENVOY_STATUS_PORT_ENABLE_PROXY_PROTOCOL',
    goBool,
    false,
    'PROXY protocol on the readiness listener.',
  ),
  skipDeprecatedLogs: row(
    'ENVOY_SKIP_DEPRECATED_LOGS',
    goBool,
    true,
    'Envoy keeps quiet about deprecated fields.',
  ),
  bootstrapTemplate: row('ISTIO_BOOTSTRAP', anyText, '', 'Bootstrap template that beats every other.'),
  bootstrapOverride: row('ISTIO_BOOTSTRAP_OVERRIDE', anyText, '', 'File Envoy merges over the bootstrap.'),
  coreDump: row('ISTIO_ENVOY_ENABLE_CORE_DUMP', goBool, false, 'Let Envoy write core dumps.'),
  stripFragment: row(
    'HTTP_STRIP_FRAGMENT_FROM_PATH_UNSAFE_IF_DISABLED',
    goBool,
    true,
    'Strip #fragments from request paths.',
  ),
  envoyPath: row('ENVOY_PATH', anyText, '', 'Envoy when nobody named a path and the default is missing.'),
  envoyFlavor: optional(
    'ENVOY_FLAVOR',
    oneOf('istio-proxy', 'upstream'),
    "Whether Envoy has Istio's extensions; unset: it is asked when the bootstrap needs one.",
  ),
  envoyExtraArguments: row('ENVOY_EXTRA_ARGS', anyText, '[]', 'JSON array of arguments added to Envoy.'),
};

const status = {
  prometheusAnnotations: optional(
    'ISTIO_PROMETHEUS_ANNOTATIONS',
    anyText,
    'JSON: where the application serves its metrics.',
  ),
  appProbers: row('ISTIO_KUBE_APP_PROBERS', anyText, '', 'JSON: the rewritten probes of the application.'),
  http2Probing: row('ISTIO_ENABLE_HTTP2_PROBING', goBool, true, 'HTTPS probes may use HTTP/2.'),
  probeLocalhost: row(
    'REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION',
    goBool,
    false,
    'Probe localhost instead of the pod address.',
  ),
  probeKeepalive: row('ENABLE_PROBE_KEEPALIVE_CONNECTIONS', goBool, false, 'Keep probe connections open.'),
  debugPages: row(
    'ENABLE_DEBUG_PAGES',
    goBool,
    true,
    'Serve the pages below /debug/ on the status port, to this host only.',
  ),
  mergeEnvoyStats: row(
    'PILOT_AGENT_MERGE_ENVOY_STATS',
    goBool,
    true,
    "Envoy's metrics are part of the merged page.",
  ),
  metricsMerge: row(
    'METRICS_MERGE',
    oneOf('parity', 'strict'),
    'parity',
    'How metrics are merged: `parity` puts the parts one after the other, `strict` leaves out what would not parse.',
  ),
};

const dns = {
  dnsCapture: row('ISTIO_META_DNS_CAPTURE', goBool, false, "Answer the pod's DNS queries."),
  dnsServer: row('ISTIO_META_ENABLE_DNS_SERVER', goBool, false, 'Run the DNS server on any kind of proxy.'),
  dnsProxyAddress: row('DNS_PROXY_ADDR', anyText, 'localhost:15053', 'Where the DNS server listens.'),
  dnsForwardParallel: row('DNS_FORWARD_PARALLEL', goBool, false, 'Ask all resolvers at once.'),
  dnsForwardTimeoutMs: row(
    'DNS_FORWARD_TIMEOUT',
    goDuration,
    5 * SECOND_MS,
    'Limit of each step towards a resolver.',
  ),
  dnsRespondBeforeSync: row(
    'DNS_RESPOND_BEFORE_SYNC',
    goBool,
    false,
    'Forward queries before the first name table came; else they fail until then.',
  ),
  dnsWildcardCname: row(
    'DNS_WILDCARD_CNAME',
    oneOf('parity', 'flatten'),
    'parity',
    'With `flatten`, a wildcard name asked with the search domain is answered without a CNAME.',
  ),
  dnsForwardRetries: row('DNS_FORWARD_RETRIES', goInt, 0, 'Further rounds when every resolver failed.'),
  dnsForwardHedgeMs: row(
    'DNS_FORWARD_HEDGE_DELAY',
    goDuration,
    20,
    'A resolver that takes longer is not waited for alone: the next is asked too; 0: only when it fails.',
  ),
  dnsForwardCacheSize: row(
    'DNS_FORWARD_CACHE_SIZE',
    goInt,
    0,
    'Forwarded answers that are kept for their TTL; 0: none.',
  ),
};

const wasm = {
  wasmInsecureRegistries: row(
    'WASM_INSECURE_REGISTRIES',
    commaList,
    [],
    'Registries allowed without TLS.',
    NO_WASM,
  ),
  wasmModuleExpiryMs: row(
    'WASM_MODULE_EXPIRY',
    goDuration,
    24 * HOUR_MS,
    'Unused modules are removed after this.',
    NO_WASM,
  ),
  wasmPurgeIntervalMs: row(
    'WASM_PURGE_INTERVAL',
    goDuration,
    HOUR_MS,
    'How often they are looked for.',
    NO_WASM,
  ),
  wasmRequestTimeoutMs: row(
    'WASM_HTTP_REQUEST_TIMEOUT',
    goDuration,
    15 * SECOND_MS,
    'Limit of one download.',
    NO_WASM,
  ),
  wasmRequestRetries: row('WASM_HTTP_REQUEST_MAX_RETRIES', goInt, 5, 'Attempts at a download.', NO_WASM),
  wasmRemoteLoad: row(
    'ISTIO_AGENT_ENABLE_WASM_REMOTE_LOAD_CONVERSION',
    goBool,
    true,
    'Fetch remote modules for Envoy.',
    NO_WASM,
  ),
  wasmMaxBytes: row('ISTIO_WASM_MAX_BINARY_SIZE_BYTES', goInt, 268_435_456, 'Largest module.', NO_WASM),
};

/** By the titles of the reference. */
export const envoyGroups = {
  Envoy: envoy,
  Restart: supervisionVariables,
  Shutdown: shutdownVariables,
  'Health and metrics': status,
  DNS: dns,
  'Wasm modules': wasm,
};

export const envoyVariables = {
  ...envoy,
  ...supervisionVariables,
  ...shutdownVariables,
  ...status,
  ...dns,
  ...wasm,
};
