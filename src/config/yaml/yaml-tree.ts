// The value behind a parsed YAML document, as Go's reader builds it: text keys, the last of two equal keys, merge
// keys where they stand, aliases of what came before. Bounded: a small text cannot grow into a large value.
// Upstream: goyaml.v2 decode, sigs.k8s.io/yaml.

import { isAlias, isMap, isScalar, isSeq, type Pair, type Scalar, type YAMLMap } from 'yaml';

import { ConfigError } from '../../runtime/errors.ts';
import type { Json } from '../../runtime/json.ts';
import { plainScalar, taggedScalar, type YamlScalar } from './yaml-scalars.ts';

/** Levels of lists and objects inside each other. */
export const MAX_DEPTH = 100;
/** Characters and values, everything an alias repeats counted again. */
const MAX_SIZE = 4 * 1024 * 1024;

export interface TreeOptions {
  /** An integer beyond 2^53 becomes text, which protobuf's JSON reads as a number; else it is rounded. */
  readonly exactIntegers: boolean;
  /** @param offset of the key in the text */
  readonly repeatedKey: (key: string, offset: number) => void;
}

/** What is wrong at a place of the text. */
export class YamlError extends ConfigError {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

interface Part {
  readonly value: Json;
  readonly size: number;
  readonly depth: number;
  /** Of an object or a list; a merge key takes them over. */
  readonly members?: ReadonlyMap<string, Part>;
  readonly items?: readonly Part[];
}

export class YamlTree {
  /** Undefined while the anchored value is being read. */
  readonly #anchors = new Map<string, Part | undefined>();
  readonly #options: TreeOptions;

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  /** @throws YamlError */
  read(node: unknown): Json {
    return this.#part(node).value;
  }

  #part(node: unknown): Part {
    if (isAlias(node)) return this.#repeated(node.source, offsetOf(node));
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const part = isMap(node) ? this.#object(node) : isSeq(node) ? this.#list(node.items) : this.#scalar(node);
    if (part.size > MAX_SIZE) throw new YamlError('aliases repeat too much', offsetOf(node));
    if (part.depth > MAX_DEPTH) throw new YamlError(`more than ${MAX_DEPTH} levels deep`, offsetOf(node));
    if (anchor !== undefined) this.#anchors.set(anchor, part);
    return part;
  }

  #repeated(anchor: string, offset: number): Part {
    const part = this.#anchors.get(anchor);
    if (part !== undefined) return part;
    const why = this.#anchors.has(anchor) ? 'value contains itself' : 'is not set before it is used';
    throw new YamlError(`anchor '${anchor}' ${why}`, offset);
  }

  #scalar(node: unknown): Part {
    const value = isScalar(node) ? scalarValue(node) : null;
    const json = typeof value === 'bigint' ? this.#bigInteger(value) : value;
    if (typeof json === 'number' && !Number.isFinite(json)) {
      const text = isScalar(node) ? (node.source ?? '') : '';
      throw new YamlError(
        `${text} is no number of JSON; in a number field quote "NaN" or "Infinity"`,
        offsetOf(node),
      );
    }
    return { value: json, size: 1 + (typeof json === 'string' ? json.length : 0), depth: 0 };
  }

  #bigInteger(value: bigint): Json {
    return this.#options.exactIntegers ? String(value) : Number(value);
  }

  #list(items: readonly unknown[]): Part {
    const parts = items.map((item) => this.#part(item));
    return { value: parts.map(({ value }) => value), items: parts, ...extent(parts) };
  }

  #object(map: YAMLMap): Part {
    const members = new Map<string, Part>();
    const named = new Set<string>();
    for (const pair of map.items) {
      const part = this.#part(pair.value);
      if (isMergeKey(pair.key)) merge(members, part, offsetOf(pair.key));
      else {
        const key = this.#key(pair);
        if (named.has(key)) this.#options.repeatedKey(key, offsetOf(pair.key));
        named.add(key);
        members.set(key, part);
      }
    }
    const entries = [...members].map(([key, { value }]): [string, Json] => [key, value]);
    return { value: Object.fromEntries(entries), members, ...extent([...members.values()]) };
  }

  #key({ key }: Pair): string {
    const { value } = this.#part(key);
    if (value !== null && typeof value !== 'object') return keyText(key) ?? String(value);
    const found = value === null ? 'null' : 'a list or an object';
    throw new YamlError(`a key must be text, not ${found}`, offsetOf(key));
  }
}

/** Undefined for a key that is an alias. */
export function keyText(key: unknown): string | undefined {
  return isScalar(key) ? String(scalarValue(key)) : undefined;
}

function scalarValue(node: Scalar): YamlScalar {
  const text = node.source ?? '';
  try {
    if (node.tag !== undefined) return taggedScalar(node.tag, text);
  } catch (error) {
    throw new YamlError(error instanceof Error ? error.message : String(error), offsetOf(node));
  }
  return node.type === 'PLAIN' ? plainScalar(text) : text;
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.value === '<<';
}

/** Lays an object, or each of several with the first one on top, over what the map has so far. */
function merge(members: Map<string, Part>, merged: Part, offset: number): void {
  for (const source of merged.items?.toReversed() ?? [merged]) {
    if (source.members === undefined) throw new YamlError('<< wants an object or a list of objects', offset);
    for (const [key, part] of source.members) members.set(key, part);
  }
}

function extent(parts: readonly Part[]): Pick<Part, 'size' | 'depth'> {
  let [size, depth] = [1, 0];
  for (const part of parts) [size, depth] = [size + part.size, Math.max(depth, part.depth)];
  return { size, depth: depth + 1 };
}

function offsetOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}
