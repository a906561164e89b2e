import assert from 'node:assert/strict';

import { isLoopback, refusal } from '../../src/status/access.ts';

describe('isLoopback', () => {
  for (const peer of ['127.0.0.1', '127.0.0.6', '127.255.255.254', '::1', '::ffff:127.0.0.1']) {
    it(`takes ${peer}`, () => assert.equal(isLoopback(peer), true));
  }

  for (const peer of [
    '10.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1%eth0',
    '::6',
    'localhost',
    '127.1',
    '',
    undefined,
  ]) {
    it(`refuses ${peer}`, () => assert.equal(isLoopback(peer), false));
  }
});

describe('refusal', () => {
  const rule = { loopbackOnly: true, method: 'POST' };

  it('judges the peer before the method', () => {
    assert.equal(refusal(rule, { peer: '10.0.0.1', method: 'GET' })?.status, 403);
    assert.equal(refusal(rule, { peer: '127.0.0.1', method: 'GET' })?.status, 405);
    assert.equal(refusal(rule, { peer: '127.0.0.1', method: 'POST' }), undefined);
  });

  it('lets anyone do anything where there is no rule', () => {
    assert.equal(refusal({ loopbackOnly: false }, { peer: '10.0.0.1', method: 'DELETE' }), undefined);
  });
});
