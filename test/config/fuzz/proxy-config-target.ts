// Property: whatever stands in the mesh file or in PROXY_CONFIG.

import { deepEqual } from 'node:assert/strict';

import * as fc from 'fast-check';

import { proxyConfigFields } from '../../../src/config/proxy-config/fields.ts';
import { fuzzTarget } from '../../support/fuzz.ts';
import { hostileJson, hostileMap, hostileText } from './hostile.ts';
import { hasWholeCharacters, isSoundJson, podConfig, readOrRefused } from './readings.ts';

const MESH_PATH = './etc/istio/config/mesh';

const WORDS = ['y', '~', '0o10', '.inf', '1:30', '!!str 1', '!!binary aGk=', '*a', '&a b', '- x', '[1, y]'];
const word = fc.oneof(
  fc.constantFrom(...WORDS, '{a: 1}', '|\n  x', '"x"', '#', '? a', '---', '45s'),
  hostileText,
);
const fieldName = fc.constantFrom(...Object.keys(proxyConfigFields), '<<', 'defaultConfig', 'nosuch');

const yamlLines = fc
  .array(fc.tuple(fc.nat(2), fieldName, word), { maxLength: 6 })
  .map((lines) => lines.map(([indent, name, value]) => `${'  '.repeat(indent)}${name}: ${value}`).join('\n'));
const jsonFields = fc
  .dictionary(fieldName, hostileJson, { maxKeys: 4 })
  .map((fields) => JSON.stringify(fields));
const repeated = fc
  .tuple(fc.constantFrom('[', '{a: ', '- ', '? ', '&a ', '*a, ', '"\\', '9', '\n'), fc.nat(3000))
  .map(([text, count]) => text.repeat(count));
const text = fc.oneof(yamlLines, jsonFields, hostileText, { weight: 1, arbitrary: repeated });

const asFile = text.map((layer) => ({
  files: { [MESH_PATH]: `defaultConfig:\n${layer.replaceAll(/^/gm, '  ')}` },
}));
const asVariable = text.map((layer) => ({ environment: { PROXY_CONFIG: layer } }));

const anyLayer = fuzzTarget('mesh YAML is read or refused', fc.oneof(asFile, asVariable), async (pod) => {
  const config = await readOrRefused(() => podConfig(pod));
  if (config === undefined) return;
  isSoundJson(config.proxyConfig.json);
  hasWholeCharacters(config.proxyConfig.json);
});

const intact = fuzzTarget('proxyMetadata arrives as it is', hostileMap, async (proxyMetadata) => {
  const environment = { PROXY_CONFIG: JSON.stringify({ proxyMetadata }) };
  const config = await readOrRefused(() => podConfig({ environment }));
  if (config !== undefined) deepEqual(config.proxyConfig.proxyMetadata, proxyMetadata);
});

export const proxyConfigTargets = [anyLayer, intact];
