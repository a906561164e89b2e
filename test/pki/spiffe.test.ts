import assert from 'node:assert/strict';

import { formatSpiffeId, parseSpiffeId } from '../../src/pki/spiffe.ts';

describe('SPIFFE ids', () => {
  it('are parsed to what they were formatted from, empty parts included', () => {
    for (const id of [
      { trustDomain: 'mesh.example', namespace: 'shop', serviceAccount: 'cart' },
      { trustDomain: 'mesh.example', namespace: '', serviceAccount: '' },
    ]) {
      assert.deepEqual(parseSpiffeId(formatSpiffeId(id)), id);
    }
  });

  it('have the form of the reference', () => {
    const id = { trustDomain: 'mesh.example', namespace: 'shop', serviceAccount: 'cart' };

    assert.equal(formatSpiffeId(id), 'spiffe://mesh.example/ns/shop/sa/cart');
  });

  for (const text of [
    'mesh.example/ns/shop/sa/cart',
    'spiffe://mesh.example/ns/shop/sa',
    'spiffe://mesh.example/sa/cart/ns/shop',
    'spiffe://mesh.example/ns/shop/sa/cart/',
    'spiffe://mesh.example/ns/shop/sa/cart/more',
  ]) {
    it(`refuse ${text}`, () => {
      assert.throws(() => parseSpiffeId(text), { message: 'identity is not a spiffe format' });
    });
  }
});
