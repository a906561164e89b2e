import assert from 'node:assert/strict';

import { localAddress } from '../../../iptables/settings/local-address.ts';

describe('localAddress', () => {
  it('takes the first address that others can reach', () => {
    const addresses = ['127.0.0.1', '169.254.7.7', '10.1.2.3', '::1', 'fe80::1%eth0', '2001:db8::1'];

    assert.deepEqual(localAddress(addresses, false), { hostIP: '10.1.2.3', enableIPv6: false });
  });

  it('looks on for IPv6 only in dual stack', () => {
    const addresses = ['10.1.2.3', '2001:db8::1'];

    assert.deepEqual(localAddress(addresses, true), { hostIP: '10.1.2.3', enableIPv6: true });
  });

  it('captures IPv6 when that is all there is', () => {
    assert.deepEqual(localAddress(['2001:DB8::1'], false), { hostIP: '2001:db8::1', enableIPv6: true });
  });

  it('takes an IPv4 address in IPv6 form for IPv4', () => {
    assert.deepEqual(localAddress(['::ffff:10.0.0.1'], false), { hostIP: '10.0.0.1', enableIPv6: false });
  });

  it('fails when there is none', () => {
    assert.throws(
      () => localAddress(['127.0.0.1', '::1'], true),
      /^CaptureError: no valid local IP address found$/,
    );
  });
});
