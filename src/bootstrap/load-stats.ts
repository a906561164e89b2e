// The load report configuration, which a user hands over as JSON text in the node metadata.

import type { RawMetadata, Warn } from '../node/raw-metadata.ts';
import { isJsonObject, parseJson, type JsonObject } from '../runtime/json.ts';

const KEY = 'LOAD_STATS_CONFIG_JSON';

/** Null when unset, or when the text is no JSON object: Envoy would refuse the whole bootstrap. */
export function loadStatsConfig(raw: RawMetadata, warn: Warn): JsonObject | null {
  const text = raw.get(KEY)?.value;
  if (typeof text !== 'string' || text === '') return null;
  const config = parseJson(text);
  if (isJsonObject(config)) return config;
  warn(`node metadata ${KEY} is ignored: it holds no JSON object`);
  return null;
}
