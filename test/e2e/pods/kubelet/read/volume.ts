// Reads the volumes of a pod. A volume that names no source is an empty directory.

import type { DownwardFile, Projection, VolumeSource, VolumeSpec } from '../pod-spec.ts';
import type { Fields } from './fields.ts';
import { readFieldPath } from './variables.ts';

const DEFAULT_TOKEN_SECONDS = 3600;

export function readVolume(fields: Fields): VolumeSpec {
  const name = fields.need(fields.text('name'), 'name');
  const sources = [
    fields.object('emptyDir', readEmptyDirectory),
    fields.object('projected', readProjected),
    fields.object('configMap', (source) => single(readKeys(source, 'configMap', 'name'))),
    fields.object('secret', (source) => single(readKeys(source, 'secret', 'secretName'))),
    fields.object('downwardAPI', (source) => single(readDownward(source))),
  ].filter((source) => source !== undefined);
  if (sources.length > 1) throw new Error(`${fields.path} has more than one source`);
  return { name, ...(sources[0] ?? { kind: 'emptyDir', inMemory: false }) };
}

function readEmptyDirectory(fields: Fields): VolumeSource {
  return { kind: 'emptyDir', inMemory: fields.oneOf('medium', ['', 'Memory']) === 'Memory' };
}

function single(source: Projection): VolumeSource {
  return { kind: 'projected', sources: [source] };
}

function readProjected(fields: Fields): VolumeSource {
  return { kind: 'projected', sources: fields.each('sources', readProjection) };
}

function readProjection(fields: Fields): Projection {
  const source =
    fields.object('serviceAccountToken', readToken) ??
    fields.object('configMap', (keys) => readKeys(keys, 'configMap', 'name')) ??
    fields.object('secret', (keys) => readKeys(keys, 'secret', 'name')) ??
    fields.object('downwardAPI', readDownward);
  return fields.need(source, 'serviceAccountToken');
}

function readToken(fields: Fields): Projection {
  return {
    from: 'serviceAccountToken',
    audience: fields.text('audience') ?? '',
    expirationSeconds: fields.number('expirationSeconds') ?? DEFAULT_TOKEN_SECONDS,
    path: fields.need(fields.text('path'), 'path'),
  };
}

function readKeys(fields: Fields, from: 'configMap' | 'secret', nameField: string): Projection {
  const name = fields.need(fields.text(nameField), nameField);
  return { from, name, optional: fields.flag('optional') ?? false };
}

function readDownward(fields: Fields): Projection {
  return { from: 'downwardAPI', items: fields.each('items', readDownwardFile) };
}

function readDownwardFile(fields: Fields): DownwardFile {
  return {
    path: fields.need(fields.text('path'), 'path'),
    fieldPath: fields.need(fields.object('fieldRef', readFieldPath), 'fieldRef'),
  };
}
