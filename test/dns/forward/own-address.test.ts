import { equal, ok } from 'node:assert/strict';

import { interfaceAddresses, isOwnAddress } from '../../../src/dns/forward/own-address.ts';

describe('isOwnAddress', () => {
  const own = (host: string, listen: readonly string[], port = 53): boolean =>
    isOwnAddress(
      { host, port: 53 },
      listen.map((each) => ({ host: each, port })),
      () => ['10.0.0.5', 'fd00::5', 'fe80::1%eth0'],
    );

  const cases: [string, string, readonly string[], boolean][] = [
    ['the address it listens on', '127.0.0.1', ['127.0.0.1'], true],
    ['another loopback address', '127.0.0.53', ['127.0.0.1', '::1'], false],
    ['an IPv6 address in another spelling', '0:0:0:0:0:0:0:1', ['127.0.0.1', '::1'], true],
    ['an address that IPv6 maps', '::ffff:127.0.0.1', ['127.0.0.1'], true],
    ['an address of this machine, when it listens on all', '10.0.0.5', ['0.0.0.0'], true],
    ['one of IPv6', 'fd00::5', ['::'], true],
    ['one with a zone', 'fe80::1%eth0', [''], true],
    ['a loopback address, when it listens on all', '127.0.0.53', ['0.0.0.0'], true],
    ['an address of another machine', '10.0.0.6', ['0.0.0.0'], false],
    ['an address of this machine that it does not listen on', '10.0.0.5', ['127.0.0.1'], false],
  ];
  for (const [what, host, listen, expected] of cases) {
    it(`is ${expected} for ${what}`, () => {
      equal(own(host, listen), expected);
    });
  }

  it('is false for another port', () => {
    equal(own('127.0.0.1', ['127.0.0.1'], 15_053), false);
  });

  it('knows the addresses of this machine', () => {
    ok(interfaceAddresses().includes('127.0.0.1'));
  });
});
