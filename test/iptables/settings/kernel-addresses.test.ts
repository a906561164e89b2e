import assert from 'node:assert/strict';

import { interfaceNames, ipv4Addresses, ipv6Addresses } from '../../../iptables/settings/kernel-addresses.ts';

const FIB_TRIE = `Main:
  +-- 0.0.0.0/1 2 0 2
     |-- 10.77.0.0
        /24 link UNICAST
     |-- 10.77.0.2
        /32 host LOCAL
     |-- 127.0.0.0
        /8 host LOCAL
Local:
     |-- 10.77.0.2
        /32 host LOCAL
     |-- 10.77.0.255
        /32 link BROADCAST
`;

describe('kernel addresses', () => {
  it('of IPv4 are single local ones, each once', () => {
    assert.deepEqual(ipv4Addresses(FIB_TRIE), ['10.77.0.2']);
  });

  it('of IPv6 are written canonically', () => {
    const text =
      '00000000000000000000000000000001 01 80 10 80 lo\nfd770000000000000000000000000002 03 40 00 82 eth0\n';

    assert.deepEqual(ipv6Addresses(text), ['::1', 'fd77::2']);
  });

  it('belong to interfaces named without the table head', () => {
    const text = 'Inter-|   Receive  |  Transmit\n face |bytes packets\n    lo:  0 0\n  eth0: 0 0\n';

    assert.deepEqual(interfaceNames(text), ['lo', 'eth0']);
  });
});
