import { deepEqual } from 'node:assert/strict';

import { probeAddresses } from '../../../src/status/probes/addresses.ts';

const V4 = '127.0.0.6';
const V6 = '::6';

describe('probeAddresses', () => {
  for (const [why, podIp, proxyIps, source, destination] of [
    ['an IPv4 pod', '10.1.2.3', ['10.1.2.3'], V4, '10.1.2.3'],
    ['an IPv6 pod', '2001:db8::7', ['2001:db8::7'], V6, '2001:db8::7'],
    ['two families, IPv4 first', '10.1.2.3', ['10.1.2.3', '2001:db8::7'], V4, '10.1.2.3'],
    ['two families, IPv6 first', '2001:db8::7', ['2001:db8::7', '10.1.2.3'], V6, '2001:db8::7'],
    ['a proxy of IPv6 alone, with another pod address', '10.1.2.3', ['2001:db8::7'], V6, '10.1.2.3'],
    ['a link-local address beside IPv4', 'fe80::1', ['10.1.2.3'], V4, 'fe80::1'],
    ['the last link-local network', 'febf::1', ['10.1.2.3'], V4, 'febf::1'],
    ['what is no longer link-local', 'fec0::1', ['10.1.2.3'], V6, 'fec0::1'],
    ['an IPv4 address in IPv6 dress', '::ffff:10.1.2.3', ['10.1.2.3'], V6, '::ffff:10.1.2.3'],
    ['no pod address', '', ['10.1.2.3'], V4, 'localhost'],
    ['no address at all', '', [], V4, 'localhost'],
    ['brackets, which are no address', '[2001:db8::7]', ['10.1.2.3'], V4, '[2001:db8::7]'],
  ] as const) {
    it(`knows both ends for ${why}`, () => {
      deepEqual(probeAddresses(podIp, proxyIps, false), { source, destination });
    });
  }

  it('goes to localhost when it is told to, from the same source', () => {
    deepEqual(probeAddresses('2001:db8::7', [], true), { source: V6, destination: 'localhost' });
  });
});
