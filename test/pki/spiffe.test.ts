import assert from 'node:assert/strict';

import { formatSpiffeId, parseSpiffeId } from '../../src/pki/spiffe.ts';

describe('SPIFFE ids', () => {
  it('have the form of the reference', () => {
    const id = { trustDomain: 'mesh.example', namespace: 'shop', serviceAccount: 'cart' };

    assert.equal(formatSpiffeId(id), 'spiffe://mesh.example/ns/shop/sa/cart');
  });

  it('are read in that form only, empty parts and all', () => {
    const id = { trustDomain: 'mesh.example', namespace: 'shop', serviceAccount: '' };

    assert.deepEqual(parseSpiffeId('spiffe://mesh.example/ns/shop/sa/'), id);
    for (const other of [
      'mesh.example/ns/a/sa/b',
      'spiffe://t/ns/a/sa',
      'spiffe://t/sa/a/ns/b',
      'spiffe://t/ns/a/sa/b/',
    ]) {
      assert.equal(parseSpiffeId(other), undefined);
    }
  });

  it('keep empty parts, which the CA fills in', () => {
    const id = { trustDomain: 'mesh.example', namespace: '', serviceAccount: '' };

    assert.equal(formatSpiffeId(id), 'spiffe://mesh.example/ns//sa/');
  });
});
