import assert from 'node:assert/strict';

import { mergeProxyConfig } from '../../../src/config/proxy-config/merge.ts';

describe('mergeProxyConfig', () => {
  it('replaces scalars, lists and whole messages, and keeps what is not named', () => {
    const base = { statusPort: 1, meshId: 'm', extraStatTags: ['a'], tracing: { zipkin: {}, sampling: 1 } };

    const merged = mergeProxyConfig(base, { statusPort: 0, extraStatTags: ['b'], tracing: { datadog: {} } });

    assert.deepEqual(merged, { statusPort: 0, meshId: 'm', extraStatTags: ['b'], tracing: { datadog: {} } });
  });

  it('merges proxyMetadata key by key, other maps not', () => {
    const base = { proxyMetadata: { A: '1', B: '1' }, runtimeValues: { a: '1' } };

    const merged = mergeProxyConfig(base, { proxyMetadata: { B: '2' }, runtimeValues: { b: '2' } });

    assert.deepEqual(merged, { proxyMetadata: { A: '1', B: '2' }, runtimeValues: { b: '2' } });
  });

  it('keeps five members of proxyHeaders that the new layer leaves out', () => {
    const base = {
      proxyHeaders: {
        forwardedClientCert: 'SANITIZE',
        server: { value: 's' },
        preserveHttp1HeaderCase: true,
      },
    };

    const merged = mergeProxyConfig(base, { proxyHeaders: { requestId: { disabled: true } } });

    assert.deepEqual(merged.proxyHeaders, {
      forwardedClientCert: 'SANITIZE',
      server: { value: 's' },
      requestId: { disabled: true },
    });
  });

  it('lets one cluster name clear the other; in one layer tracingServiceName wins', () => {
    const tracing = { tracingServiceName: 'CANONICAL_NAME_ONLY' };

    assert.deepEqual(mergeProxyConfig({ serviceCluster: 'a' }, tracing), tracing);
    assert.deepEqual(mergeProxyConfig(tracing, { serviceCluster: 'a' }), { serviceCluster: 'a' });
    assert.deepEqual(mergeProxyConfig({}, { serviceCluster: 'a', ...tracing }), tracing);
  });
});
