// Which parts of a bootstrap are there only because somebody asked for them, and who asked: for people who look
// whether an annotation or a mesh setting took effect. It reads the rendered document and decides nothing.

import type { AgentConfig } from '../config/agent-config.ts';
import { envRows, type Env } from '../config/env.ts';
import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import { isLoopback } from '../runtime/loopback.ts';

export interface BootstrapSection {
  /** For example `tracing` or `listener of secure metrics`. */
  readonly name: string;
  readonly isPresent: boolean;
  /** What asks for it, each with the place it was set at, or that it is not set. */
  readonly sources: readonly string[];
}

/** A thing one can set; `from` says where it was, undefined: nowhere. */
interface Setting {
  readonly name: string;
  readonly from: (config: AgentConfig) => string | undefined;
}

/** Undefined for what is a part of a section that is always there: it is present when it is asked for. */
type IsPresent = ((document: JsonObject) => boolean) | undefined;

/** Every conditional section, there or not, in the order of the document. */
export function bootstrapSections(document: JsonObject, config: AgentConfig): readonly BootstrapSection[] {
  return SECTIONS.map(([name, isPresent, settings]) => {
    const found = settings.map((setting) => ({ name: setting.name, from: setting.from(config) }));
    return {
      name,
      isPresent: isPresent?.(document) ?? found.some(({ from }) => from !== undefined),
      sources: found.map(({ name, from }) =>
        from === undefined ? `${name} is not set` : `${name}: ${from}`,
      ),
    };
  });
}

const SECTIONS: readonly (readonly [string, IsPresent, readonly Setting[]])[] = [
  ['log lines as JSON', has('application_log_config.log_format.json_format'), [flag('logAsJson')]],
  [
    'node locality',
    has('node.locality.region'),
    [label('topology.istio.io/locality'), label('istio-locality')],
  ],
  ['runtime values of the user', undefined, [field('runtimeValues')]],
  [
    'peer metadata discovery',
    named('bootstrap_extensions', 'metadata_discovery'),
    [variable('peerMetadataDiscovery'), metadata('ENABLE_HBONE')],
  ],
  ['stats flush interval', has('stats_flush_interval'), [annotation('statsFlushInterval')]],
  ['stats eviction interval', has('stats_eviction_interval'), [annotation('statsEvictionInterval')]],
  ['histogram buckets', has('stats_config.histogram_bucket_settings'), [annotation('statsHistogramBuckets')]],
  [
    'statistics beside the usual ones',
    undefined,
    [
      field('proxyStatsMatcher'),
      annotation('statsInclusionPrefixes'),
      annotation('statsInclusionSuffixes'),
      annotation('statsInclusionRegexps'),
    ],
  ],
  ['tags beside the usual ones', undefined, [field('extraStatTags'), annotation('extraStatTags')]],
  [
    'delta xDS',
    (document) => textAt(document, 'dynamic_resources.ads_config.api_type') === 'DELTA_GRPC',
    [variable('deltaXds')],
  ],
  ['metrics service', cluster('envoy_metrics_service'), [field('envoyMetricsService')]],
  ['access log service', cluster('envoy_accesslog_service'), [field('envoyAccessLogService')]],
  ['local cluster for zones', cluster('local_cluster'), [metadata('ENABLE_SELF_DISCOVERY')]],
  [
    'metrics on loopback only',
    (document) => isLoopback(textAt(listeners(document)[0] ?? null, 'address.socket_address.address')),
    [
      {
        name: 'proxyMetadata METRICS_LOCALHOST_ACCESS_ONLY',
        from: proxyMetadata('METRICS_LOCALHOST_ACCESS_ONLY'),
      },
    ],
  ],
  ['metrics over mTLS', listener('secure_stats'), [variable('envoySecureMetricsPort')]],
  ['merged metrics over mTLS', listener('secure_merged_stats'), [variable('envoySecureMergedMetricsPort')]],
  [
    'PROXY protocol on the readiness listener',
    (document) =>
      listeners(document).some((one) => hasItem(one, 'listener_filters', 'envoy.listener.proxy_protocol')),
    [variable('statusPortProxyProtocol')],
  ],
  [
    'second address family',
    (document) => listeners(document).some((one) => valueAt(one, 'additionalAddresses') !== undefined),
    [variable('dualStack')],
  ],
  ['tracing', has('tracing'), [field('tracing')]],
  ['statsd', named('stats_sinks', 'envoy.stat_sinks.statsd'), [field('statsdUdpAddress')]],
  ['outlier log', has('cluster_manager.outlier_detection'), [flag('outlierLogPath')]],
  ['load reports', has('cluster_manager.load_stats_config'), [metadata('LOAD_STATS_CONFIG_JSON')]],
];

function field(name: string): Setting {
  return { name: `ProxyConfig ${name}`, from: ({ proxyConfig }) => proxyConfig.origins[name] };
}

function variable(key: keyof Env): Setting {
  const { name } = envRows[key];
  return {
    name,
    from: ({ environment }) => (environment[name] === undefined ? undefined : `"${environment[name]}"`),
  };
}

function metadata(key: string): Setting {
  const name = `ISTIO_META_${key}`;
  const from = (config: AgentConfig): string | undefined =>
    config.environment[name] === undefined ? proxyMetadata(name)(config) : 'environment';
  return { name, from };
}

function proxyMetadata(name: string): Setting['from'] {
  return ({ proxyConfig }) => (name in proxyConfig.proxyMetadata ? 'proxyMetadata' : undefined);
}

function annotation(short: string): Setting {
  const name = `sidecar.istio.io/${short}`;
  return {
    name: `annotation ${name}`,
    from: ({ pod }) => (name in (pod.annotations ?? {}) ? 'set' : undefined),
  };
}

function label(name: string): Setting {
  return { name: `label ${name}`, from: ({ pod }) => (name in (pod.labels ?? {}) ? 'set' : undefined) };
}

function flag(key: 'logAsJson' | 'outlierLogPath'): Setting {
  const name = key === 'logAsJson' ? '--log_as_json' : '--outlierLogPath';
  return { name, from: ({ flags }) => (flags[key] === false || flags[key] === '' ? undefined : 'given') };
}

type Present = NonNullable<IsPresent>;

function has(path: string): Present {
  return (document) => valueAt(document, path) !== undefined;
}

function named(path: string, name: string): Present {
  return (document) => hasItem(document, path, name);
}

function cluster(name: string): Present {
  return named('static_resources.clusters', name);
}

function listener(statPrefix: string): Present {
  const written = `"stat_prefix":"${statPrefix}"`;
  return (document) => listeners(document).some((one) => JSON.stringify(one).includes(written));
}

function listeners(document: JsonObject): readonly Json[] {
  const list = valueAt(document, 'static_resources.listeners');
  return Array.isArray(list) ? list : [];
}

function hasItem(value: Json, path: string, name: string): boolean {
  const list = valueAt(value, path);
  return Array.isArray(list) && list.some((item: Json) => textAt(item, 'name') === name);
}

function textAt(value: Json, path: string): string {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : '';
}

/** @param path member names joined by dots */
function valueAt(value: Json, path: string): Json | undefined {
  return path
    .split('.')
    .reduce<Json | undefined>((at, name) => (isJsonObject(at) ? at[name] : undefined), value);
}
