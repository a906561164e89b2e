// Which statistics Envoy keeps and how it names them: tags, inclusion lists and histogram buckets from pod
// annotations and ProxyConfig. The fixed tags stand in the template.
// Upstream: pkg/bootstrap/config.go getStatsOptions.

import type { ProxyConfigJson } from '../node/proxy-config-json.ts';
import type { Warn } from '../node/raw-metadata.ts';
import { excerpt } from '../runtime/excerpt.ts';
import {
  byteOrder,
  isJsonObject,
  parseJson,
  type Json,
  type JsonObject,
  type TextMap,
} from '../runtime/json.ts';
import { patternProblem, tagProblem, tagRegex } from './regex-check.ts';

export interface StatsConfigInput {
  readonly annotations: TextMap;
  readonly proxyConfig: ProxyConfigJson;
  /** Put in for `{pod_ip}`, one entry each. */
  readonly instanceIps: readonly string[];
  readonly exitOnZeroActiveConnections: boolean;
  /** Does not matter where connections are waited for. */
  readonly exitOnZeroActiveRequests: boolean;
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
  /** The extra tags and the three lists as Envoy's messages. */
  readonly extra_stats_tags: readonly JsonObject[];
  readonly inclusion_patterns: readonly JsonObject[];
}

// The agent's readiness and drain logic reads statistics that only these lists let Envoy keep, so they follow
// whatever the user asks for.
const REQUIRED_PREFIXES = ['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm'];
const REQUIRED_SUFFIXES = ['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied'];
const REQUIRED_REGEXPS = [String.raw`vhost\..*\.route\..*`];
const ACTIVE_CONNECTIONS = 'downstream_cx_active';
const ACTIVE_REQUESTS = 'downstream_rq_active';

const ANNOTATION_PREFIX = 'sidecar.istio.io/';
const POD_IP = '{pod_ip}';

/** Characters of an expression in a warning. */
const SHOWN = 80;

/** What Envoy would refuse is left out, and `warn` is told where it came from. */
export async function statsConfigParameters(
  input: StatsConfigInput,
  warn: Warn,
): Promise<StatsConfigParameters> {
  const { annotations, proxyConfig } = input;
  const matcher = proxyConfig.proxyStatsMatcher ?? {};
  const tags = checkedTags(input, warn);
  const prefixes = [
    ...wanted(input, 'statsInclusionPrefixes', matcher.inclusionPrefixes),
    ...REQUIRED_PREFIXES,
  ];
  const suffixes = [
    ...wanted(input, 'statsInclusionSuffixes', matcher.inclusionSuffixes),
    ...REQUIRED_SUFFIXES,
    ...waitedFor(input),
  ];
  const regexps = [...(await checkedRegexps(input, warn)), ...REQUIRED_REGEXPS];
  return {
    extraStatTags: tags,
    inclusionPrefix: prefixes,
    inclusionSuffix: suffixes,
    inclusionRegexps: regexps,
    histogram_buckets: histogramBuckets(annotations[`${ANNOTATION_PREFIX}statsHistogramBuckets`], warn),
    extra_stats_tags: tags.map((tag) => ({ tag_name: tag, regex: tagRegex(tag) })),
    inclusion_patterns: [
      ...prefixes.map((prefix) => ({ prefix })),
      ...suffixes.map((suffix) => ({ suffix })),
      ...regexps.map((regex) => ({ safe_regex: { regex } })),
    ],
  };
}

/** The end of the agent asks for one of them, or for none. */
function waitedFor({ exitOnZeroActiveConnections, exitOnZeroActiveRequests }: StatsConfigInput): string[] {
  if (exitOnZeroActiveConnections) return [ACTIVE_CONNECTIONS];
  return exitOnZeroActiveRequests ? [ACTIVE_REQUESTS] : [];
}

/** The annotation, or else the configuration. Envoy refuses an empty pattern, so empty entries are dropped. */
function wanted(
  { annotations, instanceIps }: StatsConfigInput,
  annotation: string,
  configured: readonly string[] = [],
): readonly string[] {
  const annotated = annotations[ANNOTATION_PREFIX + annotation] ?? '';
  return (annotated === '' ? configured : annotated.split(','))
    .flatMap((entry) =>
      entry.includes(POD_IP) ? instanceIps.map((ip) => entry.replaceAll(POD_IP, () => ip)) : [entry],
    )
    .filter((entry) => entry !== '');
}

async function checkedRegexps(input: StatsConfigInput, warn: Warn): Promise<readonly string[]> {
  const annotation = 'statsInclusionRegexps';
  const configured = input.proxyConfig.proxyStatsMatcher?.inclusionRegexps;
  const from = input.annotations[ANNOTATION_PREFIX + annotation]
    ? `annotation ${ANNOTATION_PREFIX}${annotation}`
    : 'proxyStatsMatcher.inclusionRegexps';
  const good: string[] = [];
  for (const regex of wanted(input, annotation, configured)) {
    const problem = await patternProblem(regex);
    if (problem === undefined) good.push(regex);
    else
      warn(`"${excerpt(regex, SHOWN)}" of ${from} is ignored, Envoy could not read it: ${problem}`, 'error');
  }
  return good;
}

function checkedTags({ annotations, proxyConfig }: StatsConfigInput, warn: Warn): readonly string[] {
  const annotation = `${ANNOTATION_PREFIX}extraStatTags`;
  const sources = [
    { from: 'extraStatTags', tags: proxyConfig.extraStatTags ?? [] },
    { from: `annotation ${annotation}`, tags: (annotations[annotation] ?? '').split(',') },
  ];
  const good = new Set<string>();
  for (const { from, tags } of sources) {
    for (const tag of tags.filter((each) => each !== '')) {
      const problem = tagProblem(tag);
      if (problem === undefined) good.add(tag);
      else
        warn(
          `tag "${excerpt(tag, SHOWN)}" of ${from} is ignored, Envoy could not read it: ${problem}`,
          'error',
        );
    }
  }
  return [...good];
}

function histogramBuckets(annotation: string | undefined, warn: Warn): readonly HistogramBuckets[] {
  if (annotation === undefined || annotation === '') return [];
  const byPrefix = parseJson(annotation);
  if (!isJsonObject(byPrefix)) {
    warn(`annotation ${ANNOTATION_PREFIX}statsHistogramBuckets is ignored: it holds no JSON object`);
    return [];
  }
  const known = Object.entries(byPrefix).filter((entry): entry is [string, readonly number[]] => {
    const [prefix, buckets] = entry;
    const isKnown = prefix !== '' && isBucketList(buckets);
    if (!isKnown) warn(`histogram buckets of prefix "${prefix}" are ignored: ${BUCKET_RULE}`);
    return isKnown;
  });
  return known
    .map(([prefix, buckets]) => ({ prefix, buckets }))
    .sort((a, b) => byteOrder(a.prefix, b.prefix));
}

const BUCKET_RULE = 'a prefix needs a name and a list of different numbers above 0';

function isBucketList(value: Json): boolean {
  if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length) return false;
  return value.every((item) => typeof item === 'number' && item > 0 && Number.isFinite(item));
}
