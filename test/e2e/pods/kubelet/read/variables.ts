// Reads where values of environment variables and of downward-API files come from.

import type {
  FieldReference,
  KeyReference,
  ResourceReference,
  ValueSource,
  VariableSpec,
  VariablesSource,
} from '../pod-spec.ts';
import type { Fields } from './fields.ts';

export function readVariable(fields: Fields): VariableSpec {
  return {
    name: fields.need(fields.text('name'), 'name'),
    value: fields.text('value') ?? '',
    valueFrom: fields.object('valueFrom', readValueSource),
  };
}

export function readVariablesSource(fields: Fields): VariablesSource {
  const prefix = fields.text('prefix') ?? '';
  const reference = (source: Fields): { name: string; optional: boolean } => ({
    name: source.need(source.text('name'), 'name'),
    optional: source.flag('optional') ?? false,
  });
  const configMap = fields.object('configMapRef', reference);
  const secret = fields.object('secretRef', reference);
  if (configMap !== undefined) return { from: 'configMap', prefix, ...configMap };
  return { from: 'secret', prefix, ...fields.need(secret, 'configMapRef') };
}

/** The source of an API server's object: of the pod, or of a container's resources. */
export function readDownwardSource(
  fields: Fields,
): Extract<ValueSource, { from: 'field' | 'resource' }> | undefined {
  const field = fields.object('fieldRef', readFieldReference);
  const resource = fields.object('resourceFieldRef', readResourceReference);
  if (field !== undefined) return { from: 'field', field };
  return resource && { from: 'resource', resource };
}

function readValueSource(fields: Fields): ValueSource {
  const downward = readDownwardSource(fields);
  const configMap = fields.object('configMapKeyRef', readKeyReference);
  const secret = fields.object('secretKeyRef', readKeyReference);
  if (downward !== undefined) return downward;
  if (configMap !== undefined) return { from: 'configMap', key: configMap };
  return { from: 'secret', key: fields.need(secret, 'fieldRef') };
}

function readFieldReference(fields: Fields): FieldReference {
  fields.ignore('apiVersion'); // there is but v1
  return { fieldPath: fields.need(fields.text('fieldPath'), 'fieldPath') };
}

function readResourceReference(fields: Fields): ResourceReference {
  return {
    containerName: fields.text('containerName'),
    resource: fields.need(fields.text('resource'), 'resource'),
    divisor: fields.quantity('divisor') ?? '1',
  };
}

function readKeyReference(fields: Fields): KeyReference {
  return {
    name: fields.need(fields.text('name'), 'name'),
    key: fields.need(fields.text('key'), 'key'),
    optional: fields.flag('optional') ?? false,
  };
}
