import assert from 'node:assert/strict';

import { nodeId } from '../../src/node/identity.ts';

describe('nodeId', () => {
  it('joins type, address, pod and DNS domain', () => {
    const id = nodeId({
      type: 'router',
      ip: '10.0.0.7',
      podName: 'gateway-1',
      podNamespace: 'edge',
      dnsDomain: 'edge.svc.example',
    });

    assert.equal(id, 'router~10.0.0.7~gateway-1.edge~edge.svc.example');
  });

  it('keeps empty parts on a bare machine', () => {
    const id = nodeId({ type: 'sidecar', ip: '', podName: '', podNamespace: '', dnsDomain: 'x.example' });

    assert.equal(id, 'sidecar~~.~x.example');
  });
});
