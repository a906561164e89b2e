// The raw node metadata: whatever the environment and the proxy configuration say, before it is given types.
// Every entry remembers where it came from, so that an error can name the variable.
// Upstream: pkg/bootstrap/config.go extractMetadata, extractAttributesMetadata.

import type { Environment } from '../config/env.ts';
import { excerpt } from '../runtime/excerpt.ts';
import {
  isDeeperThan,
  isJsonObject,
  parseJson,
  type Json,
  type JsonObject,
  type TextMap,
} from '../runtime/json.ts';
import { MetadataError } from './metadata-error.ts';

export interface RawEntry {
  readonly value: Json;
  /** For messages, for example `ISTIO_META_DNS_CAPTURE` or `member "app" of ISTIO_METAJSON_LABELS`. */
  readonly source: string;
}

export type RawMetadata = ReadonlyMap<string, RawEntry>;

/** Takes a message for the log about something that is ignored; an error costs the user what was asked for. */
export type Warn = (message: string, level?: 'warn' | 'error') => void;

export interface RawMetadataInput {
  /** ProxyConfig.proxyMetadata. */
  readonly proxyMetadata: TextMap;
  /** The whole environment, in its own order: of two JSON variables with the same member the later wins. */
  readonly environment: Environment;
  /** Entries the agent itself adds; empty texts are left out. */
  readonly own: TextMap;
}

/** Objects and lists in each other below one key, so that Envoy reads the document around them: it takes 100. */
export const MAX_VALUE_NESTING = 97;

const TEXT_PREFIX = 'ISTIO_META_';
const JSON_PREFIX = 'ISTIO_METAJSON_';

/**
 * Later wins: proxyMetadata, ISTIO_META_*, the members of ISTIO_METAJSON_*, the agent's own entries.
 *
 * @throws MetadataError naming variable and member, for a value nested deeper than Envoy reads
 */
export function rawMetadata({ proxyMetadata, environment, own }: RawMetadataInput, warn: Warn): RawMetadata {
  const raw = new Map<string, RawEntry>();
  for (const [name, value] of Object.entries(proxyMetadata)) {
    if (name.startsWith(TEXT_PREFIX)) setText(raw, name, value, `${name} in proxyMetadata`, warn);
  }
  for (const [name, value = ''] of Object.entries(environment)) {
    if (name.startsWith(TEXT_PREFIX)) setText(raw, name, value, name, warn);
  }
  for (const [name, text = ''] of Object.entries(environment)) {
    if (name.startsWith(JSON_PREFIX)) setMembers(raw, name, text, warn);
  }
  for (const [key, value] of Object.entries(own)) {
    if (value !== '') raw.set(key, { value, source: 'the agent' });
  }
  return raw;
}

/**
 * The labels of ISTIO_METAJSON_LABELS. A value that is no text becomes empty text, with a warning; a variable
 * that holds no JSON object gives none (`rawMetadata` has warned about it).
 */
export function injectedLabels(environment: Environment, warn: Warn): TextMap {
  const name = `${JSON_PREFIX}LABELS`;
  const members = Object.entries(parseObject(environment[name] ?? '') ?? {});
  const texts = members.map(([key, value]): [string, string] => {
    if (typeof value === 'string') return [key, value];
    warn(`label "${key}" of ${name} is not text and becomes empty`);
    return [key, ''];
  });
  return Object.fromEntries(texts);
}

function setText(raw: Map<string, RawEntry>, name: string, value: string, source: string, warn: Warn): void {
  const key = name.slice(TEXT_PREFIX.length);
  if (key === '') warn(`${source} is ignored: it names no key of the node metadata`);
  else raw.set(key, { value, source });
}

/** The members stand at the top level of the metadata; the rest of the variable's name means nothing. */
function setMembers(raw: Map<string, RawEntry>, name: string, text: string, warn: Warn): void {
  const members = parseObject(text);
  if (members === undefined) {
    warn(`environment variable ${name} is ignored: it holds no JSON object`);
    return;
  }
  for (const [key, value] of Object.entries(members)) {
    const source = `member "${excerpt(key)}" of ${excerpt(name)}`;
    if (isDeeperThan(value, MAX_VALUE_NESTING)) {
      throw new MetadataError(`${source} is nested deeper than Envoy reads: ${MAX_VALUE_NESTING} levels`);
    }
    raw.set(key, { value, source });
  }
}

function parseObject(text: string): JsonObject | undefined {
  const value = parseJson(text);
  return isJsonObject(value) ? value : undefined; // the caller says which variable it was
}
