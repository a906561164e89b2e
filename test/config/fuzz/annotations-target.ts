// Property: whatever stands in the files of the downward API, and in annotation proxy.istio.io/config.

import { deepEqual } from 'node:assert/strict';

import * as fc from 'fast-check';

import { fuzzTarget } from '../../support/fuzz.ts';
import { hostileMap, hostileText } from './hostile.ts';
import { hasWholeCharacters, isSoundJson, podConfig, readOrRefused } from './readings.ts';

const PATH = './etc/istio/pod/annotations';

const token = fc.oneof(
  fc.constantFrom('a', '=', '"', "'", '`', '\\', '\\x', '\\xe2', '\\303', '\\u', '\n'),
  hostileText,
);
const anyFile = fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join(''));

const reads = fuzzTarget('downward API files are read or left out', anyFile, async (file) => {
  const config = await readOrRefused(() => podConfig({ files: { [PATH]: file } }));
  if (config === undefined) return;
  isSoundJson(config.pod.annotations ?? {});
  hasWholeCharacters(config.pod.annotations ?? {});
});

const intact = fuzzTarget('annotations arrive as they are', hostileMap, async (annotations) => {
  const proxyMetadata = annotations;
  const written = { ...fileKeys(annotations), 'proxy.istio.io/config': JSON.stringify({ proxyMetadata }) };
  const config = await readOrRefused(() => podConfig({ files: { [PATH]: fileOf(written) } }));
  if (config === undefined) return;
  deepEqual(config.pod.annotations, written);
  deepEqual(config.proxyConfig.proxyMetadata, proxyMetadata);
});

export const annotationTargets = [reads, intact];

/** Kubernetes has stricter ones; these are all that a line of the file can hold, and no setting of the agent. */
function fileKeys(fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [`x/${key.replaceAll(/[=\n]/g, '_')}`, value]),
  );
}

function fileOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${goQuoted(value)}`)
    .join('\n');
}

const SIMPLE: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\t': '\\t',
  '\x07': '\\a',
};

/** In all the ways a character can be written: as it is, by its number, byte by byte. */
function goQuoted(text: string): string {
  const written = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const simple = SIMPLE[character];
    if (simple !== undefined) return simple;
    if (code >= 0x20 && code % 3 === 0) return character;
    if (code % 3 === 1) return `\\U${code.toString(16).padStart(8, '0')}`;
    return Array.from(Buffer.from(character), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return `"${written.join('')}"`;
}
