// How two bootstraps are compared: as protobuf JSON, after the paths that depend on the machine are put aside.

import { durationText } from '../../../src/config/proxy-config/proto-scalars.ts';
import { parseDurationMs } from '../../../src/runtime/duration.ts';
import { isJsonObject, sortKeys, type Json, type JsonObject } from '../../../src/runtime/json.ts';

/** Members that hold protobuf durations, of which only the value counts. */
const DURATION = /_(?:timeout|interval|rate)$/;

/** Members that hold wrapped integers, which JSON writes as plain numbers. */
const WRAPPED_INTEGER = /^keepalive_/;

/** Durations and numbers in one spelling, field names in snake case where JSON allows both, members sorted. */
export function comparable(document: Json): Json {
  return sortKeys(normalized(document, ''));
}

function normalized(value: Json, name: string): Json {
  if (isJsonObject(value)) {
    if (WRAPPED_INTEGER.test(name) && typeof value['value'] === 'number') return value['value'];
    const members = Object.entries(value).map(([key, member]) => {
      const field = key === 'additionalAddresses' ? 'additional_addresses' : key;
      return [field, normalized(member, field)];
    });
    return Object.fromEntries(members);
  }
  if (Array.isArray(value)) return value.map((item) => normalized(item, ''));
  return typeof value === 'string' && DURATION.test(name) ? durationText(parseDurationMs(value)) : value;
}

export type NormaliseStep = 'xds-pipe-path' | 'lightstep-token-path';

/** Replaces `directory` by /tmp in every text, then applies the steps that a case asks for. */
export function withoutMachine(document: Json, directory: string, steps: readonly NormaliseStep[]): Json {
  const portable = mapTexts(document, (text) => text.replaceAll(directory, '/tmp'));
  return steps.reduce((value, step) => STEPS[step](value), portable);
}

const STEPS: Readonly<Record<NormaliseStep, (document: Json) => Json>> = {
  'xds-pipe-path': (document) =>
    mapTexts(document, (text, path) =>
      path.at(-1) === 'path' && path.at(-2) === 'pipe' && text.endsWith('/XDS') ? '/tmp/XDS' : text,
    ),
  'lightstep-token-path': (document) =>
    mapTexts(document, (text, path) =>
      path.at(-1) === 'access_token_file' && text.endsWith('lightstep_access_token.txt')
        ? '/test-path/lightstep_access_token.txt'
        : text,
    ),
};

function mapTexts(
  value: Json,
  change: (text: string, path: readonly string[]) => string,
  path: readonly string[] = [],
): Json {
  if (typeof value === 'string') return change(value, path);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change, path));
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [
    key,
    mapTexts(member, change, [...path, key]),
  ]);
  return Object.fromEntries(members) as JsonObject;
}
