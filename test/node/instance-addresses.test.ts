import assert from 'node:assert/strict';

import {
  instanceAddresses,
  isUnspecifiedAddressPresent,
  excludedInterfaces,
} from '../../src/node/instance-addresses.ts';

const LOOPBACK = { name: 'lo', index: 1, addresses: ['127.0.0.1', '::1'] };

describe('excludedInterfaces', () => {
  it('takes the names between commas as they are, and none without the annotation', () => {
    const name = 'traffic.sidecar.istio.io/excludeInterfaces';

    assert.deepEqual(excludedInterfaces({ [name]: 'net1, net2' }), ['net1', ' net2']);
    assert.deepEqual(excludedInterfaces({ [name]: '' }), []);
    assert.deepEqual(excludedInterfaces(undefined), []);
  });
});

describe('instanceAddresses', () => {
  it('puts INSTANCE_IP first and does not repeat it', () => {
    const addresses = instanceAddresses({
      instanceIp: '10.0.0.7',
      interfaces: [LOOPBACK, { name: 'eth0', index: 2, addresses: ['10.0.0.6', '10.0.0.7'] }],
      excludedInterfaces: [],
    });

    assert.deepEqual(addresses, ['10.0.0.7', '10.0.0.6']);
  });

  it('spells INSTANCE_IP as the interfaces do, and leaves IPv4 in IPv6 dress as it is', () => {
    const addressesOf = (instanceIp: string): string[] =>
      instanceAddresses({
        instanceIp,
        interfaces: [{ name: 'eth0', index: 2, addresses: ['10.0.0.7', 'fd00::7'] }],
        excludedInterfaces: [],
      });

    assert.deepEqual(addressesOf('FD00::0007'), ['fd00::7', '10.0.0.7']);
    assert.deepEqual(addressesOf('::ffff:10.0.0.7'), ['::ffff:10.0.0.7', '10.0.0.7', 'fd00::7']);
    assert.deepEqual(addressesOf('not-an-address'), ['10.0.0.7', 'fd00::7']);
  });

  it('reads interfaces in kernel order, IPv4 before IPv6', () => {
    const addresses = instanceAddresses({
      instanceIp: '',
      interfaces: [
        { name: 'eth1', index: 3, addresses: ['10.1.0.7'] },
        { name: 'eth0', index: 2, addresses: ['fd00::7', '10.0.0.7'] },
      ],
      excludedInterfaces: [],
    });

    assert.deepEqual(addresses, ['10.0.0.7', 'fd00::7', '10.1.0.7']);
  });

  it('skips loopback, link-local and scoped addresses', () => {
    const addresses = instanceAddresses({
      instanceIp: '',
      interfaces: [
        LOOPBACK,
        { name: 'eth0', index: 2, addresses: ['169.254.1.1', 'fe80::1%eth0', '::ffff:10.0.0.7'] },
      ],
      excludedInterfaces: [],
    });

    assert.deepEqual(addresses, ['10.0.0.7']);
  });

  it('falls back to both loopback addresses', () => {
    const addresses = instanceAddresses({
      instanceIp: '10.0.0.7',
      interfaces: [LOOPBACK],
      excludedInterfaces: [],
    });

    assert.deepEqual(addresses, ['10.0.0.7', '127.0.0.1', '::1']);
  });

  it('leaves out the addresses of excluded interfaces', () => {
    const addresses = instanceAddresses({
      instanceIp: '10.0.0.7',
      interfaces: [
        { name: 'eth0', index: 2, addresses: ['10.0.0.7'] },
        { name: 'net1', index: 3, addresses: ['192.168.0.7'] },
      ],
      excludedInterfaces: ['net1'],
    });

    assert.deepEqual(addresses, ['10.0.0.7']);
  });

  it('takes an INSTANCE_IP that is no address as unset', () => {
    const addresses = instanceAddresses({
      instanceIp: '10.0.0.7,10.0.0.8',
      interfaces: [{ name: 'eth0', index: 2, addresses: ['10.0.0.9'] }],
      excludedInterfaces: [],
    });

    assert.deepEqual(addresses, ['10.0.0.9']);
  });
});

describe('isUnspecifiedAddressPresent', () => {
  it('sees an interface that waits for its address', () => {
    assert.equal(isUnspecifiedAddressPresent([{ name: 'eth0', index: 2, addresses: ['0.0.0.0'] }]), true);
    assert.equal(isUnspecifiedAddressPresent([LOOPBACK]), false);
  });
});
