import assert from 'node:assert/strict';

import { canonicalProxyConfig } from '../../src/node/proxy-config-json.ts';

function canonical(config: object): object {
  return canonicalProxyConfig(config);
}

describe('canonicalProxyConfig', () => {
  it('drops zero values of plain fields and of enums', () => {
    const config = {
      configPath: '',
      statNameLength: 0,
      extraStatTags: [],
      proxyMetadata: {},
      controlPlaneAuthPolicy: 'NONE',
      interceptionMode: 'REDIRECT',
    };

    assert.deepEqual(canonical(config), {});
  });

  it('keeps wrappers and set messages', () => {
    const config = { concurrency: 0, statsCompression: false, tracing: {}, interceptionMode: 'NONE' };

    assert.deepEqual(canonical(config), config);
  });

  it('does not look into the values of maps', () => {
    const config = { runtimeValues: { 'a.b': '' }, proxyMetadata: { A: '' } };

    assert.deepEqual(canonical(config), config);
  });

  it('drops zero values inside messages', () => {
    const config = { tracing: { sampling: 0, tlsSettings: { mode: 'DISABLE', sni: '' } } };

    assert.deepEqual(canonical(config), { tracing: { tlsSettings: {} } });
  });

  it('sorts the keys', () => {
    assert.equal(
      JSON.stringify(canonical({ b: '1', a: { d: '1', c: '1' } })),
      '{"a":{"c":"1","d":"1"},"b":"1"}',
    );
  });
});
