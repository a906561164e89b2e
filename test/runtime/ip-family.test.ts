import { deepEqual } from 'node:assert/strict';

import { ipFamily } from '../../src/runtime/ip-family.ts';

describe('ipFamily', () => {
  it('tells the families apart, and addresses from other texts', () => {
    const texts = [
      '10.0.0.1',
      'fe80::1',
      '::ffff:10.0.0.1',
      '',
      '10.0.0',
      '010.0.0.1',
      'fe80::1::2',
      'web:80',
    ];

    const families = texts.map(ipFamily);

    deepEqual(families, ['ipv4', 'ipv6', 'ipv6', ...Array<undefined>(5).fill(undefined)]);
  });
});
