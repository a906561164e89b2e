import assert from 'node:assert/strict';

import { serviceCluster, type ClusterInput } from '../../src/node/cluster.ts';

const LABELS = {
  app: 'legacy',
  'app.kubernetes.io/name': 'recommended',
  'service.istio.io/canonical-name': 'canonical',
};

function input(changes: Partial<ClusterInput>): ClusterInput {
  return { labels: {}, workloadName: '', namespace: 'shop', ...changes };
}

describe('serviceCluster', () => {
  it('keeps a configured name', () => {
    assert.equal(serviceCluster(input({ serviceCluster: 'web', labels: LABELS })), 'web');
  });

  it('takes the placeholder for no name and prefers the app label', () => {
    assert.equal(serviceCluster(input({ serviceCluster: 'istio-proxy', labels: LABELS })), 'legacy.shop');
  });

  it('falls back to the workload, then the namespace, then the placeholder', () => {
    assert.equal(serviceCluster(input({ workloadName: 'web' })), 'web.shop');
    assert.equal(serviceCluster(input({})), 'istio-proxy.shop');
    assert.equal(serviceCluster(input({ namespace: '' })), 'istio-proxy');
  });

  it('counts a label that is there but empty', () => {
    assert.equal(serviceCluster(input({ labels: { app: '' }, workloadName: 'web' })), '.shop');
  });

  it('prefers the canonical label for a canonical tracing name', () => {
    const tracingServiceName = 'CANONICAL_NAME_ONLY';

    assert.equal(serviceCluster(input({ tracingServiceName, labels: LABELS })), 'canonical');
  });

  it('adds the namespace to a canonical tracing name when asked', () => {
    const tracingServiceName = 'CANONICAL_NAME_AND_NAMESPACE';

    assert.equal(serviceCluster(input({ tracingServiceName, labels: LABELS })), 'canonical.shop');
    assert.equal(serviceCluster(input({ tracingServiceName, namespace: '', workloadName: 'w' })), 'w');
  });
});
