import assert from 'node:assert/strict';

import { addressing, ipMode } from '../../src/node/addressing.ts';

describe('ipMode', () => {
  it('is IPv4 without addresses', () => {
    assert.equal(ipMode([]), 'IPv4');
  });

  it('is Dual with both families, whatever else is in the list', () => {
    assert.equal(ipMode(['::1', 'no address', '127.0.0.1']), 'Dual');
  });

  it('counts an IPv4 address in IPv6 dress as IPv6', () => {
    assert.equal(ipMode(['::ffff:10.0.0.1']), 'IPv6');
  });
});

describe('addressing', () => {
  it('uses one family while dual stack is off', () => {
    const addresses = addressing(['fd00::7', '10.0.0.7'], false);

    assert.deepEqual(addresses, { localhost: '127.0.0.1', wildcard: '0.0.0.0', dnsLookupFamily: 'V4_ONLY' });
  });

  it('uses IPv6 alone when there is nothing else', () => {
    const addresses = addressing(['fd00::7'], true);

    assert.deepEqual(addresses, { localhost: '::1', wildcard: '::', dnsLookupFamily: 'V6_ONLY' });
  });

  it('takes the main family from the first address under dual stack', () => {
    const addresses = addressing(['fd00::7', '10.0.0.7'], true);

    assert.deepEqual(addresses, {
      localhost: '::1',
      wildcard: '::',
      additionalLocalhost: '127.0.0.1',
      additionalWildcard: '0.0.0.0',
      dnsLookupFamily: 'ALL',
    });
  });

  it('does not let a link-local address decide the main family', () => {
    const { localhost, additionalLocalhost } = addressing(['fe80::7', '10.0.0.7'], true);

    assert.deepEqual([localhost, additionalLocalhost], ['127.0.0.1', '::1']);
  });
});
