import assert from 'node:assert/strict';

import { formatSpiffeId } from '../../src/pki/spiffe.ts';

describe('SPIFFE ids', () => {
  it('have the form of the reference', () => {
    const id = { trustDomain: 'mesh.example', namespace: 'shop', serviceAccount: 'cart' };

    assert.equal(formatSpiffeId(id), 'spiffe://mesh.example/ns/shop/sa/cart');
  });

  it('keep empty parts, which the CA fills in', () => {
    const id = { trustDomain: 'mesh.example', namespace: '', serviceAccount: '' };

    assert.equal(formatSpiffeId(id), 'spiffe://mesh.example/ns//sa/');
  });
});
