// The load report configuration, which a user hands over as JSON text in the node metadata.

import { isJsonObject, type JsonObject, type JsonValue } from '../node/json.ts';
import type { RawMetadata, Warn } from '../node/raw-metadata.ts';

const KEY = 'LOAD_STATS_CONFIG_JSON';

/** Null when unset, or when the text is no JSON object: Envoy would refuse the whole bootstrap. */
export function loadStatsConfig(raw: RawMetadata, warn: Warn): JsonObject | null {
  const text = raw.get(KEY)?.value;
  if (typeof text !== 'string' || text === '') return null;
  const config = parse(text);
  if (isJsonObject(config)) return config;
  warn(`node metadata ${KEY} is ignored: it holds no JSON object`);
  return null;
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined; // the caller warns
  }
}
