import assert from 'node:assert/strict';

import { tokenClaims } from '../../../src/security/upstream/jwt.ts';

const jwt = (payload: string): string => `e30.${Buffer.from(payload).toString('base64url')}.c2ln`;

describe('tokenClaims', () => {
  for (const [payload, expected] of [
    ['{"exp":1543951855,"aud":"a"}', { expiresMs: 1_543_951_855_000, audiences: ['a'] }],
    ['{"exp":1.5,"aud":["a","b",3]}', { expiresMs: 1500, audiences: ['a', 'b'] }],
    ['{}', { expiresMs: undefined, audiences: [] }],
    ['{"exp":"1543951855","aud":{}}', { expiresMs: undefined, audiences: [] }],
    ['{"exp":1e300}', { expiresMs: undefined, audiences: [] }],
    ['{"exp":null,"aud":null}', { expiresMs: undefined, audiences: [] }],
  ] as const) {
    it(`reads ${payload}`, () => {
      assert.deepEqual(tokenClaims(jwt(payload)), expected);
    });
  }

  for (const token of ['', 'opaque', 'a.b', '..', jwt('[]'), jwt('"text"'), jwt('{'), 'a.%%%.c']) {
    it(`knows that ${JSON.stringify(token)} is no JWT`, () => {
      assert.equal(tokenClaims(token), undefined);
    });
  }
});
