// Area `bootstrap`: whole bootstraps against golden files and the real Envoy, and tables of the helper functions.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bootstrapPath, writeBootstrap } from '../../src/bootstrap/bootstrap-file.ts';
import { renderBootstrap, serializeBootstrap } from '../../src/bootstrap/bootstrap.ts';
import { istioExtensions, withoutExtensions } from '../../src/bootstrap/envoy-extensions.ts';
import { readTextIfExists } from '../../src/runtime/files.ts';
import type { JsonObject } from '../../src/runtime/json.ts';
import { comparable, withoutMachine, type NormaliseStep } from './bootstrap/comparison.ts';
import { bootstrapInput, type BootstrapCaseInputs } from './bootstrap/inputs.ts';
import { vectorCases, type BootstrapVectors } from './bootstrap/vectors.ts';
import type { ConformanceCase } from './case.ts';
import { EnvoyValidation, type RenderedBootstrap } from './envoy-validation.ts';

interface BootstrapCase {
  readonly name: string;
  readonly inputs: BootstrapCaseInputs;
  readonly golden: string;
  readonly normalise: readonly NormaliseStep[];
  readonly checks: { readonly lightstepTokenFile: boolean; readonly lightstepToken: string | null };
}

export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const list = JSON.parse(await readFile(join(directory, 'cases.json'), 'utf8')) as readonly BootstrapCase[];
  const validation = await EnvoyValidation.create();
  for (const bootstrapCase of list) {
    yield { name: bootstrapCase.name, run: () => runCase(directory, bootstrapCase, validation) };
  }
  const vectors = await readTextIfExists(join(directory, 'vectors.json'));
  if (vectors !== undefined) yield* vectorCases(JSON.parse(vectors) as BootstrapVectors);
  for (const line of validation.report()) console.log(line);
}

async function runCase(
  directory: string,
  bootstrapCase: BootstrapCase,
  validation: EnvoyValidation,
): Promise<void> {
  const golden = JSON.parse(await readFile(join(directory, bootstrapCase.golden), 'utf8')) as JsonObject;
  const temporary = await mkdtemp(join(tmpdir(), 'bootstrap-case-'));
  try {
    const inputs = withDirectory(bootstrapCase.inputs, temporary);
    const document = await renderedAndWritten(inputs);
    const actual = withoutMachine(document, temporary, bootstrapCase.normalise);
    assert.deepEqual(comparable(actual), comparable(golden));
    assertStatsMatcher(document, inputs);
    await assertTokenFile(inputs, bootstrapCase.checks);
    const rendered = await readyForEnvoy(document, temporary, 'envoy-rev.json');
    await validation.check(bootstrapCase.name, rendered, async (expectLoad) => {
      const lacking = istioExtensions(document).map(({ name }) => name);
      const upstream = withoutExtensions(document, lacking).document;
      await expectLoad(await readyForEnvoy(upstream, temporary, 'upstream.json'));
    });
  } finally {
    await rm(temporary, { recursive: true });
  }
}

async function readyForEnvoy(
  document: JsonObject,
  directory: string,
  file: string,
): Promise<RenderedBootstrap> {
  await writeFile(join(directory, file), serializeBootstrap(document));
  return { document, args: ['-c', file, '--allow-unknown-static-fields'], directory };
}

function withDirectory(inputs: BootstrapCaseInputs, directory: string): BootstrapCaseInputs {
  return JSON.parse(JSON.stringify(inputs).replaceAll('${TMP}', directory)) as BootstrapCaseInputs;
}

/** What the file holds, so that strict JSON is part of every case. */
async function renderedAndWritten(inputs: BootstrapCaseInputs): Promise<JsonObject> {
  const ignoreWarnings = (): void => undefined;
  const document = await renderBootstrap(bootstrapInput(inputs, ignoreWarnings), ignoreWarnings);
  const path = bootstrapPath(inputs.proxyConfig.configPath ?? '', undefined);
  await writeBootstrap(path, serializeBootstrap(document), inputs.proxyConfig);
  return JSON.parse(await readFile(path, 'utf8')) as JsonObject;
}

interface StatsMatcherShape {
  readonly stats_config: {
    readonly stats_matcher: { readonly inclusion_list: { readonly patterns: readonly JsonObject[] } };
  };
}

const REQUIRED_PATTERNS: readonly JsonObject[] = [
  ...['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm'].map((prefix) => ({
    prefix,
  })),
  ...['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied'].map((suffix) => ({ suffix })),
  { safe_regex: { regex: String.raw`vhost\..*\.route\..*` } },
];

function assertStatsMatcher(document: JsonObject, inputs: BootstrapCaseInputs): void {
  const { patterns } = (document as unknown as StatsMatcherShape).stats_config.stats_matcher.inclusion_list;
  assert.deepEqual(patterns[0], { prefix: 'reporter=' });
  assert.deepEqual(patterns.slice(-2), [{ prefix: 'component' }, { prefix: 'istio' }]);
  const texts = new Set(patterns.map((pattern) => JSON.stringify(pattern)));
  const required = inputs.exitOnZeroActiveConnections
    ? [...REQUIRED_PATTERNS, { suffix: 'downstream_cx_active' }]
    : REQUIRED_PATTERNS;
  const missing = required.filter((pattern) => !texts.has(JSON.stringify(pattern)));
  assert.deepEqual(missing, [], 'the statistics that the agent reads are kept');
}

async function assertTokenFile(inputs: BootstrapCaseInputs, checks: BootstrapCase['checks']): Promise<void> {
  const path = join(inputs.proxyConfig.configPath ?? '', 'lightstep_access_token.txt');
  const expected = checks.lightstepTokenFile ? (checks.lightstepToken ?? '') : undefined;
  assert.equal(await readTextIfExists(path), expected, 'the Lightstep token file');
}
