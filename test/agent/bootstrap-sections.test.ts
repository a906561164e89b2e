import { deepEqual } from 'node:assert/strict';

import { bootstrapSections } from '../../src/agent/bootstrap-sections.ts';
import { effectiveBootstrap } from '../../src/agent/effective-bootstrap.ts';
import { UNKNOWN_PLATFORM } from '../../src/node/platform/platform.ts';
import type { JsonObject } from '../../src/runtime/json.ts';
import { agentConfig, type GivenConfig } from './support/agent-config.ts';

const HOST = { instanceIps: ['10.0.0.7'], credentialSocketExists: false, servesFilesOnly: false };

/** The names of the sections that are there, and what asked for them. */
async function present(
  given: GivenConfig,
  instanceIps = HOST.instanceIps,
): Promise<Record<string, string[]>> {
  const config = await agentConfig(given);
  const facts = { ...HOST, instanceIps, platform: UNKNOWN_PLATFORM };
  const effective = await effectiveBootstrap(config, facts, () => undefined);
  const document: JsonObject = effective.kind === 'rendered' ? effective.document : {};
  const sections = bootstrapSections(document, config).filter(({ isPresent }) => isPresent);
  return Object.fromEntries(
    sections.map(({ name, sources }) => [name, sources.filter((source) => !source.endsWith(' is not set'))]),
  );
}

describe('bootstrapSections', () => {
  it('finds nothing but delta xDS where nobody asked for anything', async () => {
    deepEqual(await present({}), { 'delta xDS': [] });
    deepEqual(await present({ env: { ISTIO_DELTA_XDS: 'false' } }), {});
  });

  const asked: [string, GivenConfig, string][] = [
    [
      'metrics over mTLS',
      { env: { ENVOY_SECURE_METRICS_PORT: '1500' } },
      'ENVOY_SECURE_METRICS_PORT: "1500"',
    ],
    [
      'merged metrics over mTLS',
      { env: { ENVOY_SECURE_MERGED_METRICS_PORT: '1501' } },
      'ENVOY_SECURE_MERGED_METRICS_PORT: "1501"',
    ],
    [
      'PROXY protocol on the readiness listener',
      { env: { ENVOY_STATUS_PORT_ENABLE_PROXY_PROTOCOL: 'true' } },
      'ENVOY_STATUS_PORT_ENABLE_PROXY_PROTOCOL: "true"',
    ],
    [
      'local cluster for zones',
      { env: { ISTIO_META_ENABLE_SELF_DISCOVERY: 'true' } },
      'ISTIO_META_ENABLE_SELF_DISCOVERY: environment',
    ],
    [
      'metrics on loopback only',
      { proxyConfig: { proxyMetadata: { METRICS_LOCALHOST_ACCESS_ONLY: 'true' } } },
      'proxyMetadata METRICS_LOCALHOST_ACCESS_ONLY: proxyMetadata',
    ],
    [
      'peer metadata discovery',
      { env: { PEER_METADATA_DISCOVERY: 'true' } },
      'PEER_METADATA_DISCOVERY: "true"',
    ],
    ['log lines as JSON', { flags: { logAsJson: true } }, '--log_as_json: given'],
    ['outlier log', { flags: { outlierLogPath: '/dev/stdout' } }, '--outlierLogPath: given'],
  ];
  for (const [name, given, source] of asked) {
    it(`sees ${name}, and who asked`, async () => {
      deepEqual(await present(given), { 'delta xDS': [], [name]: [source] });
    });
  }

  const fields: [string, string, object][] = [
    ['tracing', 'tracing', { zipkin: { address: 'zipkin:9411' } }],
    ['metrics service', 'envoyMetricsService', { address: 'metrics:1' }],
    ['access log service', 'envoyAccessLogService', { address: 'logs:1' }],
    ['runtime values of the user', 'runtimeValues', { 'a.b': '1' }],
  ];
  for (const [name, field, value] of fields) {
    it(`sees ${name} of ProxyConfig`, async () => {
      const sources = (await present({ proxyConfig: { [field]: value } }))[name];

      deepEqual(
        sources?.map((source) => source.split(':')[0]),
        [`ProxyConfig ${field}`],
      );
    });
  }

  it('sees the second address family of a dual stack', async () => {
    const given = { env: { ISTIO_DUAL_STACK: 'true' } };

    deepEqual((await present(given, ['10.0.0.7', 'fd00::7']))['second address family'], [
      'ISTIO_DUAL_STACK: "true"',
    ]);
    deepEqual((await present(given))['second address family'], undefined);
  });
});
