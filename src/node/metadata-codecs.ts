// The shapes a typed node metadata field can have: how each is read from raw JSON and written for Envoy.
// Which field has which shape is in metadata-fields.ts. Upstream: pkg/model/proxy.go.

import { parseGoBool } from '../config/parsers.ts';
import { isJsonObject, parseJson, type Json, type JsonObject, type TextMap } from '../runtime/json.ts';

/** What a field accepts, as text for the error; `read` gives undefined for anything else. */
export interface Codec<T> {
  readonly expects: string;
  readonly blank: T;
  readonly read: (raw: Json) => T | undefined;
  /** Undefined for a blank value: it is not written. */
  readonly write: (value: T) => Json | undefined;
}

export interface PodPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol: string;
}

export const text: Codec<string> = {
  expects: 'text',
  blank: '',
  read: (raw) => (typeof raw === 'string' ? raw : undefined),
  write: (value) => (value === '' ? undefined : value),
};

/** Text on both sides; false is blank. */
export const boolean: Codec<boolean> = {
  expects: '"true" or "false"',
  blank: false,
  read: (raw) => (typeof raw === 'string' ? parseGoBool(raw) : undefined),
  write: (value) => (value ? 'true' : undefined),
};

/** Like `boolean`, but false is written too. */
export const shownBoolean: Codec<boolean> = { ...boolean, write: String };

export const integer: Codec<number> = {
  expects: 'a whole number',
  blank: 0,
  read: (raw) => (Number.isSafeInteger(raw) ? (raw as number) : undefined),
  write: (value) => (value === 0 ? undefined : value),
};

export const commaList: Codec<readonly string[]> = {
  expects: 'text with commas',
  blank: [],
  read: (raw) => (typeof raw === 'string' ? splitList(raw) : undefined),
  write: (value) => (value.length === 0 ? undefined : value.join(',')),
};

export const textList: Codec<readonly string[]> = {
  expects: 'a list of texts',
  blank: [],
  read: (raw) => (isTextList(raw) ? raw : undefined),
  write: (value) => (value.length === 0 ? undefined : value),
};

export const textMap: Codec<TextMap> = {
  expects: 'an object of texts',
  blank: {},
  read: (raw) => (isTextMap(raw) ? raw : undefined),
  write: (value) => (Object.keys(value).length === 0 ? undefined : value),
};

export const object: Codec<JsonObject> = {
  expects: 'an object',
  blank: {},
  read: (raw) => (isJsonObject(raw) ? raw : undefined),
  write: (value) => value,
};

/** A JSON array (or null) inside text, on both sides; members other than the three known ones are dropped. */
export const podPorts: Codec<readonly PodPort[]> = {
  expects: 'text that holds a JSON array of ports',
  blank: [],
  read: (raw) => (typeof raw === 'string' ? parsePodPorts(raw) : undefined),
  write: (value) => (value.length === 0 ? undefined : JSON.stringify(value)),
};

function splitList(list: string): readonly string[] {
  return list === '' ? [] : list.split(',');
}

function isTextList(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isTextMap(value: Json): value is TextMap {
  return isJsonObject(value) && Object.values(value).every((item) => typeof item === 'string');
}

function parsePodPorts(json: string): readonly PodPort[] | undefined {
  const list = parseJson(json);
  if (list === null) return [];
  if (!Array.isArray(list)) return undefined;
  const ports = list.map(podPort);
  return ports.every((port) => port !== undefined) ? ports : undefined;
}

function podPort(item: Json): PodPort | undefined {
  if (!isJsonObject(item)) return undefined;
  const { name = '', containerPort = 0, protocol = '' } = item;
  if (typeof name !== 'string' || typeof protocol !== 'string') return undefined;
  if (!Number.isSafeInteger(containerPort)) return undefined;
  return { ...(name !== '' && { name }), containerPort: containerPort as number, protocol };
}
