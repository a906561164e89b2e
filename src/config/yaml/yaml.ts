// YAML as Go's sigs.k8s.io/yaml reads it: version 1.1 (`y` is true), JSON's types only, the first document counts,
// the last of two equal keys wins. No text keeps the reader busy for long: depth and growth are limited.

import {
  Composer,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  type CST,
  type Document,
  type ErrorCode,
} from 'yaml';

import { ConfigError, messageOf } from '../../runtime/errors.ts';
import { excerpt } from '../../runtime/excerpt.ts';
import type { Json } from '../../runtime/json.ts';
import { checkCharacters, checkEscapes } from './yaml-characters.ts';
import { keyText, MAX_DEPTH, YamlError, YamlTree } from './yaml-tree.ts';

/** Where a value stands, and how it is written. */
export interface YamlPlace {
  /** From 1, as the next one. */
  readonly line: number;
  readonly column: number;
  /** As written, without quotes; undefined for a list or an object. */
  readonly source: string | undefined;
}

export interface YamlValue {
  /** Null for a text without a document. */
  readonly value: Json;
  readonly warnings: readonly string[];
  /** Undefined when nothing stands at that path itself, for example behind an alias. */
  readonly placeOf: (path: readonly (string | number)[]) => YamlPlace | undefined;
}

export interface YamlOptions {
  /** Integers beyond 2^53 as text, which protobuf's JSON reads as numbers; default: rounded numbers. */
  readonly exactIntegers?: boolean;
}

type YamlDocument = Document.Parsed;

/** For words of the parser that name no mistake a person makes. */
const PLAIN_WORDS: Partial<Record<ErrorCode, string>> = {
  MULTILINE_IMPLICIT_KEY: "a key without ':', or on more than one line",
};

/** @throws ConfigError `yaml: line 2, column 3: …` */
export function parseYaml(text: string, options: YamlOptions = {}): YamlValue {
  const lines = new LineCounter();
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const warnings: string[] = [];
  const repeatedKey = (key: string, offset: number): void => {
    warnings.push(`key ${excerpt(key)} is given twice, the last one counts (${at(offset)})`);
  };
  try {
    const document = firstDocument(text, lines, (offset) => {
      warnings.push(`only the first YAML document counts, another one starts at ${at(offset)}`);
    });
    const tree = new YamlTree({ exactIntegers: options.exactIntegers ?? false, repeatedKey });
    const value = document === undefined ? null : tree.read(document.contents);
    return { value, warnings, placeOf: (path) => placeOf(document, path, lines) };
  } catch (error) {
    const place = error instanceof YamlError ? `${at(error.offset)}: ` : '';
    throw new ConfigError(`yaml: ${place}${excerpt(messageOf(error))}`, { cause: error });
  }
}

function firstDocument(
  text: string,
  lines: LineCounter,
  further: (offset: number) => void,
): YamlDocument | undefined {
  const tokens: CST.Token[] = [];
  const breaks = text.replaceAll(/\r(?!\n)/g, '\n'); // a lone carriage return ends a line too
  for (const token of new Parser(lines.addNewLine).parse(breaks)) {
    if (token.type === 'document' && tokens.some(({ type }) => type === 'document')) {
      further(token.offset);
      break;
    }
    tokens.push(token);
  }
  checkCharacters(text);
  for (const token of tokens) checkTokens(token);
  const composer = new Composer({
    version: '1.1',
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
  });
  const [document] = composer.compose(tokens);
  const [error] = document?.errors ?? [];
  if (error !== undefined) throw new YamlError(PLAIN_WORDS[error.code] ?? error.message, error.pos[0]);
  return document;
}

/** Before the composer, which calls itself for every level. */
function checkTokens(document: CST.Token): void {
  const open: [CST.Token | null | undefined, number][] = [[document, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [token, depth] = next;
    if (token?.type === 'document') open.push([token.value, 0]);
    if (token?.type === 'double-quoted-scalar') checkEscapes(token.source, token.offset);
    if (token === null || token === undefined || !('items' in token)) continue;
    if (depth >= MAX_DEPTH) throw new YamlError(`more than ${MAX_DEPTH} levels deep`, token.offset);
    for (const { key, value } of token.items) open.push([key, depth + 1], [value, depth + 1]);
  }
}

function placeOf(
  document: YamlDocument | undefined,
  path: readonly (string | number)[],
  lines: LineCounter,
): YamlPlace | undefined {
  let node: unknown = document?.contents;
  for (const step of path) {
    if (isSeq(node)) node = node.items[Number(step)];
    else if (isMap(node)) node = node.items.findLast(({ key }) => keyText(key) === String(step))?.value;
    else return undefined;
  }
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return undefined;
  const { line, col } = lines.linePos(node.range?.[0] ?? 0);
  return { line, column: col, source: isScalar(node) ? (node.source ?? '') : undefined };
}
