import assert from 'node:assert/strict';

import { localityLabel, parseLocality } from '../../src/node/locality.ts';

describe('localityLabel', () => {
  it('prefers the topology label', () => {
    const labels = { 'topology.istio.io/locality': 'a/b', 'istio-locality': 'c/d' };

    assert.equal(localityLabel(labels), 'a/b');
  });

  it('reads dots as slashes only without a slash', () => {
    assert.equal(localityLabel({ 'istio-locality': 'r.z.s' }), 'r/z/s');
    assert.equal(localityLabel({ 'istio-locality': 'r.1/z' }), 'r.1/z');
  });

  it('is undefined without text', () => {
    assert.equal(localityLabel({ 'topology.istio.io/locality': '' }), undefined);
  });
});

describe('parseLocality', () => {
  it('leaves out empty parts and ignores a fourth', () => {
    assert.deepEqual(parseLocality('/z/s/x'), { zone: 'z', sub_zone: 's' });
  });
});
