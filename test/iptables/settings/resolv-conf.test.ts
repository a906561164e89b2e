import assert from 'node:assert/strict';

import { dnsServers } from '../../../iptables/settings/resolv-conf.ts';

describe('dnsServers', () => {
  it('reads nameserver lines by family and skips comments and what is no address', () => {
    const text = [
      '# nameserver 192.0.2.9',
      'nameserver 10.96.0.10 ; the cluster',
      '\tnameserver\t2001:DB8::A',
      'nameserver not-an-address',
      'nameserver',
      'search example.com',
    ].join('\n');

    const { v4, v6 } = dnsServers(text, new Set());

    assert.deepEqual({ v4, v6 }, { v4: ['10.96.0.10'], v6: ['2001:db8::a'] });
  });

  it('keeps a zoned server of an existing interface and reports one of an unknown interface', () => {
    const found = dnsServers('nameserver fe80::1%eth0\nnameserver fe80::2%nope0\n', new Set(['eth0']));

    assert.deepEqual(found, { v4: [], v6: ['fe80::1'], unknownZones: ['fe80::2%nope0'] });
  });
});
