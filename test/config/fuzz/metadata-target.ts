// Property: whatever the environment says of node metadata, and whatever labels a pod has.

import { equal } from 'node:assert/strict';

import * as fc from 'fast-check';

import { buildNode, type Node } from '../../../src/node/node.ts';
import { sortKeys, type Json, type JsonObject } from '../../../src/runtime/json.ts';
import { sidecarInput } from '../../node/inputs.ts';
import { fuzzTarget } from '../../support/fuzz.ts';
import { hostileJsonText, hostileKey, hostileMap, hostileText } from './hostile.ts';
import { isSoundJson, readOrRefused } from './readings.ts';

const name = fc.oneof(fc.constantFrom('LABELS', 'ANNOTATIONS', '', 'x'), hostileKey); // it becomes a key
const broken = fc
  .array(fc.oneof(fc.constantFrom('{', '}', '"a":', '"\\ud83d"', '[', ',', '1e999', 'null'), hostileText))
  .map((tokens) => tokens.join(''));
const halves = fc.constantFrom('{"a":"\\ud83d"}', '{"\\udc00":["\\ud83d\\ud83d\\ude00"]}');
const member = fc.tuple(hostileKey, hostileJsonText).map(([key, json]) => ({
  key: `x${key}`, // no field of the metadata has such a name
  text: `{${JSON.stringify(`x${key}`)}:${json}}`,
}));

const anyVariables = fc.record({
  prefix: fc.constantFrom('ISTIO_META_', 'ISTIO_METAJSON_'),
  name,
  value: fc.oneof(broken, halves, hostileJsonText),
});

const reads = fuzzTarget('metadata variables are read or refused', anyVariables, async (variable) => {
  const environment = { [`${variable.prefix}${variable.name}`]: variable.value };
  const node = await readOrRefused(() => buildNode(sidecarInput({ environment }), () => undefined));
  if (node !== undefined) isSoundJson(node.metadata);
});

const intact = fuzzTarget('members of ISTIO_METAJSON_* arrive as they are', member, async ({ key, text }) => {
  const environment = { ISTIO_METAJSON_X: text };
  const node = await readOrRefused(() => buildNode(sidecarInput({ environment }), () => undefined));
  if (node === undefined) return;
  const given = JSON.parse(text) as JsonObject;
  equal(jsonOf(node.metadata[key]), jsonOf(given[key]));
});

const labels = fuzzTarget('labels arrive as they are', hostileMap, async (fields) => {
  const pod = Object.fromEntries(Object.entries(fields).map(([key, value]) => [`x${key}`, value]));
  const environment = { ISTIO_METAJSON_LABELS: JSON.stringify({ y: 'z' }) };
  const node = await readOrRefused(() =>
    buildNode(sidecarInput({ environment, podLabels: pod, podAnnotations: pod }), () => undefined),
  );
  if (node === undefined) return;
  isSoundJson(node.metadata);
  equal(jsonOf(labelsOf(node)), jsonOf({ ...pod, y: 'z' }));
  equal(jsonOf(node.metadata.ANNOTATIONS ?? {}), jsonOf(pod));
});

export const metadataTargets = [reads, intact, labels];

function labelsOf(node: Node): Json {
  return node.metadata.LABELS ?? {};
}

function jsonOf(value: Json | undefined): string {
  return JSON.stringify(sortKeys(value ?? null));
}
