// YAML as Go's sigs.k8s.io/yaml reads it: version 1.1 (`y` is true), JSON's types only, the first document counts,
// the last of two equal keys wins.

import { isScalar, parseAllDocuments, type Document, type Tags } from 'yaml';

import { ConfigError, messageOf } from '../runtime/errors.ts';
import type { Json } from '../runtime/json.ts';

export interface YamlValue {
  /** Null for a text without a document. */
  readonly value: Json;
  readonly warnings: readonly string[];
  /** How a value was written, for example `y` for a true; undefined when there is no scalar at that place. */
  readonly sourceAt: (path: readonly (string | number)[]) => string | undefined;
}

/** @throws ConfigError with the parser's own words, on one line */
export function parseYaml(text: string): YamlValue {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    merge: true,
    prettyErrors: false,
    customTags: (tags: Tags) => tags.filter(isJsonTag),
  });
  const [first] = Array.isArray(documents) ? documents : [];
  if (first === undefined) return { value: null, warnings: [], sourceAt: () => undefined };
  const warnings =
    documents.length > 1 ? [`only the first of ${documents.length} YAML documents counts`] : [];
  for (const error of first.errors) {
    if (error.code !== 'DUPLICATE_KEY') throw new ConfigError(`yaml: ${error.message}`, { cause: error });
    warnings.push(`a YAML key is given twice, the last one counts (offset ${error.pos[0]})`);
  }
  return { value: toJson(first), warnings, sourceAt: (path) => sourceAt(first, path) };
}

/** Dates and base-60 numbers have no type in JSON: Go's reader leaves them text. */
function isJsonTag(tag: Tags[number]): boolean {
  if (typeof tag === 'string') return true;
  return tag.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in tag && tag.format === 'TIME');
}

function toJson(document: Document.Parsed): Json {
  try {
    return document.toJS() as Json;
  } catch (error) {
    throw new ConfigError(`yaml: ${messageOf(error)}`, { cause: error }); // a bomb of aliases
  }
}

function sourceAt(document: Document.Parsed, path: readonly (string | number)[]): string | undefined {
  const node = document.getIn(path, true);
  return isScalar(node) ? node.source : undefined;
}
