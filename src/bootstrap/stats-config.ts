// Which statistics Envoy keeps and how it names them: tags, inclusion lists and histogram buckets from pod
// annotations and ProxyConfig. The fixed tags stand in the template.
// Upstream: pkg/bootstrap/config.go getStatsOptions.

import type { ProxyConfigJson } from '../node/proxy-config-json.ts';
import type { Warn } from '../node/raw-metadata.ts';
import { byteOrder, isJsonObject, parseJson, type Json, type TextMap } from '../runtime/json.ts';

export interface StatsConfigInput {
  readonly annotations: TextMap;
  readonly proxyConfig: ProxyConfigJson;
  /** Put in for `{pod_ip}`, one entry each. */
  readonly instanceIps: readonly string[];
  readonly exitOnZeroActiveConnections: boolean;
}

export interface HistogramBuckets {
  readonly prefix: string;
  readonly buckets: readonly number[];
}

export interface StatsConfigParameters {
  readonly extraStatTags: readonly string[];
  readonly inclusionPrefix: readonly string[];
  readonly inclusionSuffix: readonly string[];
  readonly inclusionRegexps: readonly string[];
  /** Sorted by prefix. */
  readonly histogram_buckets: readonly HistogramBuckets[];
}

// The agent's readiness and drain logic reads statistics that only these lists let Envoy keep, so they follow
// whatever the user asks for.
const REQUIRED_PREFIXES = ['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm'];
const REQUIRED_SUFFIXES = ['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied'];
const REQUIRED_REGEXPS = [String.raw`vhost\..*\.route\..*`];
const ACTIVE_CONNECTIONS = 'downstream_cx_active';

const ANNOTATION_PREFIX = 'sidecar.istio.io/';
const POD_IP = '{pod_ip}';

export function statsConfigParameters(input: StatsConfigInput, warn: Warn): StatsConfigParameters {
  const { annotations, proxyConfig, instanceIps, exitOnZeroActiveConnections } = input;
  const matcher = proxyConfig.proxyStatsMatcher ?? {};
  const wanted = (annotation: string, configured: readonly string[] | undefined): readonly string[] => {
    const annotated = annotations[ANNOTATION_PREFIX + annotation] ?? '';
    return withPodIps(annotated === '' ? (configured ?? []) : annotated.split(','), instanceIps);
  };
  return {
    extraStatTags: extraTags(annotations, proxyConfig),
    inclusionPrefix: [...wanted('statsInclusionPrefixes', matcher.inclusionPrefixes), ...REQUIRED_PREFIXES],
    inclusionSuffix: [
      ...wanted('statsInclusionSuffixes', matcher.inclusionSuffixes),
      ...REQUIRED_SUFFIXES,
      ...(exitOnZeroActiveConnections ? [ACTIVE_CONNECTIONS] : []),
    ],
    inclusionRegexps: [...wanted('statsInclusionRegexps', matcher.inclusionRegexps), ...REQUIRED_REGEXPS],
    histogram_buckets: histogramBuckets(annotations[`${ANNOTATION_PREFIX}statsHistogramBuckets`], warn),
  };
}

/** Envoy refuses an empty pattern, so empty entries are dropped. */
function withPodIps(entries: readonly string[], instanceIps: readonly string[]): readonly string[] {
  return entries
    .filter((entry) => entry !== '')
    .flatMap((entry) =>
      entry.includes(POD_IP) ? instanceIps.map((ip) => entry.replaceAll(POD_IP, () => ip)) : [entry],
    );
}

function extraTags(annotations: TextMap, proxyConfig: ProxyConfigJson): readonly string[] {
  const annotated = (annotations[`${ANNOTATION_PREFIX}extraStatTags`] ?? '').split(',');
  const tags = [...(proxyConfig.extraStatTags ?? []), ...annotated];
  return [...new Set(tags.filter((tag) => tag !== ''))];
}

function histogramBuckets(annotation: string | undefined, warn: Warn): readonly HistogramBuckets[] {
  if (annotation === undefined || annotation === '') return [];
  const byPrefix = parseJson(annotation);
  if (!isJsonObject(byPrefix)) {
    warn(`annotation ${ANNOTATION_PREFIX}statsHistogramBuckets is ignored: it holds no JSON object`);
    return [];
  }
  const known = Object.entries(byPrefix).filter(([prefix, buckets]) => {
    const isKnown = isBucketList(buckets);
    if (!isKnown) warn(`histogram buckets of prefix "${prefix}" are ignored: not a list of numbers above 0`);
    return isKnown;
  }) as [string, readonly number[]][];
  return known
    .map(([prefix, buckets]) => ({ prefix, buckets }))
    .sort((a, b) => byteOrder(a.prefix, b.prefix));
}

function isBucketList(value: Json): boolean {
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number' && item > 0)
  );
}
