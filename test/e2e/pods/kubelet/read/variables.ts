// Reads where values of environment variables come from.

import type { ValueSource, VariableSpec } from '../pod-spec.ts';
import type { Fields } from './fields.ts';

export function readVariable(fields: Fields): VariableSpec {
  return {
    name: fields.need(fields.text('name'), 'name'),
    value: fields.text('value') ?? '',
    valueFrom: fields.object('valueFrom', readValueSource),
  };
}

function readValueSource(fields: Fields): ValueSource {
  const fieldPath = fields.object('fieldRef', readFieldPath);
  if (fieldPath !== undefined) return { from: 'field', fieldPath };
  return fields.need(fields.object('resourceFieldRef', readResource), 'fieldRef');
}

/** The field of the pod that is referred to. */
export function readFieldPath(fields: Fields): string {
  fields.ignore('apiVersion'); // there is but v1
  return fields.need(fields.text('fieldPath'), 'fieldPath');
}

function readResource(fields: Fields): ValueSource {
  return {
    from: 'resource',
    resource: fields.need(fields.text('resource'), 'resource'),
    divisor: fields.quantity('divisor') ?? '1',
  };
}
