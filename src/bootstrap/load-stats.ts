// The load report configuration, which a user hands over as JSON text in the node metadata.

import type { RawMetadata, Warn } from '../node/raw-metadata.ts';
import { isDeeperThan, isJsonObject, parseJson, type JsonObject } from '../runtime/json.ts';
import { MAX_NESTING } from './envoy-limits.ts';

const KEY = 'LOAD_STATS_CONFIG_JSON';

/** The document, `cluster_manager` and this lie in each other. */
const MAX_OWN_NESTING = MAX_NESTING - 2;

/** Null when unset, or when the text is no JSON object that Envoy reads: it would refuse the whole bootstrap. */
export function loadStatsConfig(raw: RawMetadata, warn: Warn): JsonObject | null {
  const text = raw.get(KEY)?.value;
  if (typeof text !== 'string' || text === '') return null;
  const config = parseJson(text);
  if (isJsonObject(config) && !isDeeperThan(config, MAX_OWN_NESTING)) return config;
  const problem = isJsonObject(config) ? 'it is nested too deep for Envoy' : 'it holds no JSON object';
  warn(`node metadata ${KEY} is ignored: ${problem}`);
  return null;
}
