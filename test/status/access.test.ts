import assert from 'node:assert/strict';

import { refusal } from '../../src/status/access.ts';

describe('refusal', () => {
  const rule = { loopbackOnly: true, methods: ['POST'] };

  it('judges the peer before the method', () => {
    assert.equal(refusal(rule, { peer: '10.0.0.1', method: 'GET' })?.status, 403);
    assert.equal(refusal(rule, { peer: '127.0.0.1', method: 'GET' })?.status, 405);
    assert.equal(refusal(rule, { peer: '127.0.0.1', method: 'POST' }), undefined);
  });

  it('lets anyone do anything where there is no rule', () => {
    assert.equal(refusal({ loopbackOnly: false }, { peer: '10.0.0.1', method: 'DELETE' }), undefined);
  });
});
