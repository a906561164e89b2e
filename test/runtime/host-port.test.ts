import assert from 'node:assert/strict';

import { hostPort } from '../../src/runtime/host-port.ts';

describe('host and port', () => {
  it('are joined by a colon', () => {
    assert.equal(hostPort({ host: '10.0.0.1', port: 80 }), '10.0.0.1:80');
    assert.equal(hostPort({ host: 'localhost', port: '443' }), 'localhost:443');
  });

  it('are told apart by brackets where the host has colons', () => {
    assert.equal(hostPort({ host: '::1', port: 80 }), '[::1]:80');
  });
});
