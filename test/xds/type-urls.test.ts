import { deepEqual } from 'node:assert/strict';

import { CLUSTER_TYPE, isDebugType, shortTypeName } from '../../src/xds/type-urls.ts';

describe('isDebugType', () => {
  it('is true for questions about the control plane, and for nothing that begins alike', () => {
    const types = ['istio.io/debug', 'istio.io/debug/syncz', 'istio.io/debugger', 'istio.io/connections', ''];

    deepEqual(types.filter(isDebugType), ['istio.io/debug', 'istio.io/debug/syncz']);
  });
});

describe('shortTypeName', () => {
  it('is the name of a known type, and any other as it is', () => {
    deepEqual([CLUSTER_TYPE, 'istio.io/debug'].map(shortTypeName), ['CDS', 'istio.io/debug']);
  });
});
