import assert from 'node:assert/strict';

import { CaptureError } from '../../../iptables/errors.ts';
import {
  canonicalIPv6,
  checkLoopbackCidr,
  parseCidr,
  parseCidrRanges,
} from '../../../iptables/settings/cidr.ts';

describe('parseCidrRanges', () => {
  it('takes a lone star for every address of both families', () => {
    assert.equal(parseCidrRanges('*').all, true);
  });

  it('splits by family, keeps host bits, writes IPv6 canonically and drops empty items', () => {
    const { v4, v6 } = parseCidrRanges(',10.1.2.3/8,,FD00:0::1/8,');

    assert.deepEqual({ v4, v6 }, { v4: ['10.1.2.3/8'], v6: ['fd00::1/8'] });
  });

  it('notices a loopback range of either family', () => {
    assert.equal(parseCidrRanges('10.0.0.0/8,127.0.0.5/32').hasLoopback, true);
    assert.equal(parseCidrRanges('::1/128').hasLoopback, true);
    assert.equal(parseCidrRanges('10.0.0.0/8').hasLoopback, false);
  });

  for (const text of [
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0/8',
    '*,10.0.0.0/8',
    ' 10.0.0.0/8',
    'fe80::1%lo/64',
  ]) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseCidrRanges(text), CaptureError);
    });
  }
});

describe('parseCidr', () => {
  it('names what is wrong', () => {
    assert.throws(() => parseCidr('10.0.0.0'), /no "\/length"/);
    assert.throws(() => parseCidr('10.0.0/8'), /bad address "10\.0\.0"/);
    assert.throws(() => parseCidr('::/129'), /bad length "129"/);
  });
});

describe('checkLoopbackCidr', () => {
  it('accepts IPv4 loopback ranges of 8 to 32 bits', () => {
    for (const text of ['127.0.0.1/32', '127.0.0.0/8']) checkLoopbackCidr(text);
  });

  it('says which rule a value breaks', () => {
    assert.throws(() => checkLoopbackCidr('127.0.0.1'), /failed to parse CIDR 127\.0\.0\.1: /);
    assert.throws(
      () => checkLoopbackCidr('10.0.0.0/8'),
      /expected valid IPv4 loopback .* found 10\.0\.0\.0$/,
    );
    assert.throws(() => checkLoopbackCidr('::1/128'), /expected valid IPv4 loopback/);
    assert.throws(() => checkLoopbackCidr('127.0.0.1/7'), /mask in range \[8, 32\]; found 7$/);
  });
});

describe('canonicalIPv6', () => {
  it('writes an embedded IPv4 address with dots', () => {
    assert.equal(canonicalIPv6('::FFFF:1.2.3.4'), '::ffff:1.2.3.4');
  });
});
