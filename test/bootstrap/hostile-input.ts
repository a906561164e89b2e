// The property every bootstrap has, whatever a pod's owner writes into labels, annotations, metadata and settings:
// strict JSON that holds the values as they were and is the same every time, or one clear error.

import { deepEqual, equal, ok } from 'node:assert/strict';

import { renderBootstrap, serializeBootstrap } from '../../src/bootstrap/bootstrap.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { sortKeys, type Json, type JsonObject } from '../../src/runtime/json.ts';
import { fuzzTarget, type FuzzTarget } from '../support/fuzz.ts';
import { hostileInputs, type Hostile } from './hostile-values.ts';
import { sidecarBootstrap, type BootstrapChanges } from './inputs.ts';

export const hostileBootstrap: FuzzTarget = fuzzTarget(
  'a bootstrap of hostile values',
  hostileInputs,
  async (input) => {
    const first = await outcome(input);

    equal(await outcome(input), first);
    if (first === undefined) return;
    const document = JSON.parse(first) as Rendered;
    equal(document.node.id, input.id.toWellFormed());
    expectIntact(document.node.metadata, input);
    expectRequired(document);
  },
);

interface Rendered {
  readonly node: { readonly id: string; readonly metadata: JsonObject };
  readonly stats_config: {
    readonly stats_matcher: { readonly inclusion_list: { readonly patterns: readonly object[] } };
  };
}

/** Undefined: refused, by one error that says what is wrong. */
async function outcome(input: Hostile): Promise<string | undefined> {
  try {
    return serializeBootstrap(await renderBootstrap(sidecarBootstrap(changes(input)), () => undefined));
  } catch (error) {
    ok(error instanceof ConfigError, String(error));
    ok(error.message.length > 10, error.message);
    return undefined;
  }
}

function changes(input: Hostile): BootstrapChanges {
  const { tlsSettings: tls, address, matcher, runtimeValues, tags } = input;
  const environment = {
    ...Object.fromEntries(Object.entries(input.texts).map(([key, value]) => [`ISTIO_META_${key}`, value])),
    ISTIO_META_LOAD_STATS_CONFIG_JSON: input.loadStats,
    ISTIO_METAJSON_OWN: JSON.stringify(input.members),
    ISTIO_METAJSON_JUNK: input.junk,
  };
  return {
    node: {
      id: input.id,
      environment,
      podLabels: input.labels,
      podAnnotations: input.annotations,
      instanceIps: input.ips,
    },
    proxyConfig: {
      runtimeValues,
      extraStatTags: tags,
      proxyStatsMatcher: matcher,
      tracing: { zipkin: { address }, tlsSettings: tls },
      envoyMetricsService: { address, tlsSettings: tls },
    },
  };
}

function expectIntact(metadata: JsonObject, { texts: given, members, labels, runtimeValues }: Hostile): void {
  const expected = { ...given, ...members } as JsonObject;
  for (const [key, value] of Object.entries(expected)) {
    deepEqual(metadata[key.toWellFormed()], JSON.parse(JSON.stringify(whole(sortKeys(value)))));
  }
  const { 'pod-template-hash': _hash, ...kept } = labels;
  const found = (metadata['LABELS'] ?? {}) as JsonObject;
  for (const [key, value] of Object.entries(kept)) {
    if (!key.endsWith('locality')) equal(found[key.toWellFormed()], value.toWellFormed());
  }
  const { runtimeValues: shown = {} } = metadata['PROXY_CONFIG'] as { readonly runtimeValues?: JsonObject };
  deepEqual(shown, whole(sortKeys(runtimeValues)));
}

/** What the agent itself lives from is there, after whatever the user asked for. */
function expectRequired({ stats_config: stats }: Rendered): void {
  const { patterns } = stats.stats_matcher.inclusion_list;
  deepEqual(patterns.slice(-2), [{ prefix: 'component' }, { prefix: 'istio' }]);
  const written = patterns.map((pattern) => JSON.stringify(pattern));
  for (const prefix of ['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc']) {
    ok(written.includes(JSON.stringify({ prefix })));
  }
  ok(!written.some((pattern) => pattern.endsWith(':""}')), 'no pattern is empty');
}

function whole(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(whole);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), whole(item)]));
}
