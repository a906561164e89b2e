// The tables of the bootstrap area: each entry is one case of one function.

import assert from 'node:assert/strict';

import { bootstrapPath } from '../../../src/bootstrap/bootstrap-file.ts';
import { bootstrapSource, renderedExtension } from '../../../src/bootstrap/bootstrap-source.ts';
import { renderBootstrap } from '../../../src/bootstrap/bootstrap.ts';
import { socketAddress } from '../../../src/bootstrap/address.ts';
import { parseDownwardApi } from '../../../src/config/pod-info.ts';
import { durationText } from '../../../src/config/proxy-config/proto-scalars.ts';
import { resolveProxyConfig } from '../../../src/config/proxy-config/proxy-config.ts';
import { addressing } from '../../../src/node/addressing.ts';
import { serviceCluster } from '../../../src/node/cluster.ts';
import { localityLabel, parseLocality } from '../../../src/node/locality.ts';
import { buildNode, type Node } from '../../../src/node/node.ts';
import { pilotSubjectAltNames } from '../../../src/node/pilot-san.ts';
import { parseDurationMs } from '../../../src/runtime/duration.ts';
import type { TextMap } from '../../../src/runtime/json.ts';
import type { ConformanceCase } from '../case.ts';
import { bootstrapInput, nodeInput, PLAIN_INPUTS } from './inputs.ts';

type Table<Entry> = { readonly cases: readonly Entry[] };

export interface BootstrapVectors {
  readonly serviceCluster: Table<ServiceClusterVector>;
  readonly downwardApi: Table<{ readonly input: string; readonly expect?: TextMap; readonly error?: string }>;
  readonly locality: Table<{ readonly label: string; readonly stored: string; readonly expect: TextMap }>;
  readonly ipMode: Table<IpModeVector>;
  readonly address: Table<AddressVector>;
  readonly duration: Table<{ readonly input: string; readonly ns?: number; readonly emit?: string }>;
  readonly statsTags: Table<StatsTagVector>;
  readonly inclusionRegex: { readonly regex: string; readonly matches: readonly string[] };
  readonly pilotSan: Table<{ readonly discoveryAddress: string; readonly expect: readonly string[] }>;
  readonly templatePath: Table<TemplatePathVector>;
  readonly metadataErrors: Table<MetadataErrorVector>;
}

interface ServiceClusterVector {
  readonly name: string;
  readonly labels: TextMap;
  readonly namespace: string;
  readonly workloadName?: string;
  readonly serviceCluster?: string;
  readonly tracingServiceName?: string;
  readonly expect: string;
}

interface IpModeVector {
  readonly ips: readonly string[];
  readonly dualStack: boolean;
  readonly localhost: string;
  readonly wildcard: string;
  readonly family: string;
  readonly additionalLocalhost?: string;
  readonly additionalWildcard?: string;
}

interface AddressVector {
  readonly option: string;
  readonly input: string;
  readonly hostIp?: string;
  readonly expect?: object;
  readonly error?: string;
}

interface StatsTagVector {
  readonly tag: string;
  readonly stat: string;
  readonly group1: string;
  readonly group2: string;
}

interface TemplatePathVector {
  readonly proxyBootstrapTemplatePath?: string;
  readonly templateFileFlag?: string;
  readonly istioBootstrapEnv?: string;
  readonly customConfigFile?: string;
  readonly expect: string;
  readonly output?: string;
}

interface MetadataErrorVector {
  readonly env: TextMap;
  readonly error?: string;
  readonly warn?: boolean;
  readonly expect?: string;
}

export function* vectorCases(vectors: BootstrapVectors): Iterable<ConformanceCase> {
  yield* table('service cluster', vectors.serviceCluster, ({ name }) => name, checkServiceCluster);
  yield* table('downward API', vectors.downwardApi, ({ input }) => input, checkDownwardApi);
  yield* table('locality', vectors.locality, ({ label }) => label, checkLocality);
  yield* table(
    'IP mode',
    vectors.ipMode,
    ({ ips, dualStack }) => `${ips.join()} dual=${dualStack}`,
    checkIpMode,
  );
  yield* table('address', vectors.address, ({ option, input }) => `${option} ${input}`, checkAddress);
  yield* table('duration', vectors.duration, ({ input }) => input, checkDuration);
  yield* table('stats tag', vectors.statsTags, ({ stat }) => stat, checkStatsTag);
  yield { name: 'inclusion regex', run: () => checkInclusionRegex(vectors.inclusionRegex) };
  yield* table('pilot SAN', vectors.pilotSan, ({ discoveryAddress }) => discoveryAddress, checkPilotSan);
  yield* table('template path', vectors.templatePath, ({ expect }) => expect, checkTemplatePath);
  yield* table('metadata', vectors.metadataErrors, ({ env }) => JSON.stringify(env), checkMetadata);
}

function* table<Entry>(
  subject: string,
  { cases }: Table<Entry>,
  label: (entry: Entry) => string,
  check: (entry: Entry) => void | Promise<void>,
): Iterable<ConformanceCase> {
  for (const [index, entry] of cases.entries()) {
    const name = `${subject} ${index + 1}: ${label(entry)}`.replaceAll('\n', String.raw`\n`);
    yield { name, run: async () => check(entry) };
  }
}

function checkServiceCluster(entry: ServiceClusterVector): void {
  assert.equal(serviceCluster({ ...entry, workloadName: entry.workloadName ?? '' }), entry.expect);
}

function checkDownwardApi(entry: BootstrapVectors['downwardApi']['cases'][number]): void {
  if (entry.error === undefined) assert.deepEqual({ ...parseDownwardApi(entry.input) }, entry.expect);
  else assert.throws(() => parseDownwardApi(entry.input), { message: entry.error });
}

function checkLocality({ label, stored, expect }: BootstrapVectors['locality']['cases'][number]): void {
  const text = localityLabel({ 'istio-locality': label }) ?? '';
  assert.equal(text, stored);
  assert.deepEqual(parseLocality(text), expect);
}

function checkIpMode({ ips, dualStack, family, ...addresses }: IpModeVector): void {
  assert.deepEqual(addressing(ips, dualStack), { ...addresses, dnsLookupFamily: family });
}

function checkAddress({ option, input, hostIp = '', expect, error }: AddressVector): void {
  if (error === undefined) assert.deepEqual(socketAddress(option, input, hostIp), expect);
  else assert.throws(() => socketAddress(option, input, hostIp), { message: error });
}

function checkDuration({ input, ns, emit }: BootstrapVectors['duration']['cases'][number]): void {
  if (ns === undefined) {
    assert.throws(() => parseDurationMs(input));
    return;
  }
  assert.equal(Math.round(parseDurationMs(input) * 1e6), ns);
  assert.equal(parseDurationMs(durationText(ns / 1e6)), parseDurationMs(emit ?? ''));
}

interface StatsConfigShape {
  readonly stats_config: {
    readonly stats_tags: readonly { readonly tag_name: string; readonly regex: string }[];
    readonly stats_matcher: { readonly inclusion_list: { readonly patterns: readonly object[] } };
  };
}

async function plainStatsConfig(): Promise<StatsConfigShape['stats_config']> {
  const ignoreWarnings = (): void => undefined;
  const document = await renderBootstrap(bootstrapInput(PLAIN_INPUTS, ignoreWarnings), ignoreWarnings);
  return (document as unknown as StatsConfigShape).stats_config;
}

async function checkStatsTag({ tag, stat, group1, group2 }: StatsTagVector): Promise<void> {
  const { stats_tags: tags } = await plainStatsConfig();
  const regex = tags.find(({ tag_name: name }) => name === tag)?.regex ?? '';
  const [, removed, value] = new RegExp(regex.replaceAll('[:digit:]', '0-9')).exec(stat) ?? [];
  assert.deepEqual({ group1: removed, group2: value }, { group1, group2 });
}

async function checkInclusionRegex({ regex, matches }: BootstrapVectors['inclusionRegex']): Promise<void> {
  const { stats_matcher: matcher } = await plainStatsConfig();
  const isIncluded = matcher.inclusion_list.patterns.some(
    (pattern) => JSON.stringify(pattern) === JSON.stringify({ safe_regex: { regex } }),
  );
  assert.ok(isIncluded, `the inclusion list holds ${regex}`);
  for (const stat of matches) assert.match(stat, new RegExp(`^(?:${regex})$`));
}

function checkPilotSan({ discoveryAddress, expect }: BootstrapVectors['pilotSan']['cases'][number]): void {
  assert.deepEqual(pilotSubjectAltNames({ discoveryAddress, controlPlaneAuthPolicy: 'MUTUAL_TLS' }), expect);
  assert.deepEqual(pilotSubjectAltNames({ discoveryAddress, controlPlaneAuthPolicy: 'NONE' }), []);
}

async function checkTemplatePath(entry: TemplatePathVector): Promise<void> {
  const { customConfigFile, proxyBootstrapTemplatePath, templateFileFlag: templateFile = '' } = entry;
  const { proxyConfig } = await resolveProxyConfig({
    meshFile: undefined,
    proxyConfig: JSON.stringify({ customConfigFile, proxyBootstrapTemplatePath }),
    annotations: {},
    flags: { concurrency: 0, serviceCluster: '', templateFile, drainMs: undefined },
    cpuLimit: 0,
    cpuCount: 1,
    resolveHost: async () => [],
  });
  const source = bootstrapSource({ ...proxyConfig, istioBootstrap: entry.istioBootstrapEnv ?? '' });
  if (entry.customConfigFile !== undefined) {
    assert.deepEqual(source, { kind: 'custom', path: entry.customConfigFile });
    return;
  }
  assert.equal(source.kind === 'built-in' ? 'builtin' : source.path, entry.expect);
  if (entry.output !== undefined) {
    assert.equal(bootstrapPath('', undefined, renderedExtension(source)), entry.output);
  }
}

function checkMetadata(entry: MetadataErrorVector): void {
  const warnings: string[] = [];
  const build = (): Node =>
    buildNode(nodeInput({ ...PLAIN_INPUTS, env: entry.env }), (warning) => warnings.push(warning));
  if (entry.error !== undefined) {
    assert.throws(build, { name: 'MetadataError' });
    return;
  }
  const { metadata } = build();
  assert.equal(warnings.length > 0, entry.warn ?? false, 'a warning is given');
  for (const name of Object.keys(entry.env)) {
    if (name.startsWith('ISTIO_META_')) assert.equal(metadata[name.slice('ISTIO_META_'.length)], 'true');
  }
}
