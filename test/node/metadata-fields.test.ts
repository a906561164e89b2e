import assert from 'node:assert/strict';

import { MetadataError } from '../../src/node/metadata-error.ts';
import { decodeMetadata, encodeMetadata } from '../../src/node/metadata-fields.ts';
import type { RawMetadata } from '../../src/node/raw-metadata.ts';
import type { Json } from '../../src/runtime/json.ts';

function raw(values: Readonly<Record<string, Json>>): RawMetadata {
  return new Map(Object.entries(values).map(([key, value]) => [key, { value, source: `ISTIO_META_${key}` }]));
}

function encoded(values: Readonly<Record<string, Json>>): Record<string, Json> {
  const { METADATA_DISCOVERY: _always, ...others } = Object.fromEntries(
    encodeMetadata(decodeMetadata(raw(values))),
  );
  return others;
}

describe('node metadata fields', () => {
  it('reads every spelling of a boolean and writes one', () => {
    for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) {
      assert.equal(encoded({ ENABLE_HBONE: text })['ENABLE_HBONE'], 'true');
    }
  });

  it('does not write blank values', () => {
    assert.deepEqual(encoded({ DNS_CAPTURE: 'false', HTTP10: '', REQUESTED_NETWORK_VIEW: '' }), {
      PROXY_CONFIG: {},
    });
  });

  it('always writes METADATA_DISCOVERY', () => {
    assert.equal(encodeMetadata(decodeMetadata(raw({}))).get('METADATA_DISCOVERY'), 'false');
  });

  it('writes ports as compact text without members it does not know', () => {
    const ports =
      '[ {"name":"","containerPort":80,"hostPort":1}, {"name":"a","containerPort":1,"protocol":"UDP"} ]';

    assert.equal(
      encoded({ POD_PORTS: ports })['POD_PORTS'],
      '[{"containerPort":80,"protocol":""},{"name":"a","containerPort":1,"protocol":"UDP"}]',
    );
  });

  it('matches names without regard to case, the last spelling in byte order winning', () => {
    assert.equal(encoded({ mesh_id: 'lower', MESH_ID: 'upper', Mesh_Id: 'mixed' })['MESH_ID'], 'lower');
    assert.equal(encoded({ 'networ\u212a': 'kelvin' })['NETWORK'], 'kelvin');
  });

  it('names field, variable and expectation when a type does not fit', () => {
    assert.throws(() => decodeMetadata(raw({ ENABLE_HBONE: 'maybe' })), {
      name: 'MetadataError',
      message: 'node metadata ENABLE_HBONE from ISTIO_META_ENABLE_HBONE: "maybe" is not "true" or "false"',
    });
  });

  it('refuses text for numbers, maps and lists, and values for booleans', () => {
    const wrong: Readonly<Record<string, Json>>[] = [
      { ENVOY_STATUS_PORT: '15021' },
      { LABELS: 'a=b' },
      { labels: 'a=b' },
      { PILOT_SAN: 'x' },
      { PROXY_CONFIG: 'x' },
      { POD_PORTS: 'not json' },
      { POD_PORTS: '' },
      { POD_PORTS: '[{"containerPort":"80"}]' },
      { DNS_CAPTURE: true },
      { DNS_CAPTURE: '' },
      { MESH_ID: 1 },
      { LABELS: { app: 1 } },
    ];

    for (const values of wrong) {
      assert.throws(() => decodeMetadata(raw(values)), MetadataError, JSON.stringify(values));
    }
  });
});
