import assert from 'node:assert/strict';

import { isLoopback } from '../../src/runtime/loopback.ts';

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
