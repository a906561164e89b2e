// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal } from 'node:assert/strict';

import { parseFileResource } from '../../../src/security/files/resource-name.ts';

describe('parseFileResource', () => {
  for (const [name, expected] of [
    [
      'file-cert:/a/cert.pem~/a/key.pem',
      { kind: 'pair', certificate: '/a/cert.pem', privateKey: '/a/key.pem' },
    ],
    ['file-cert:c~k', { kind: 'pair', certificate: 'c', privateKey: 'k' }],
    ['file-cert:~', { kind: 'pair', certificate: '', privateKey: '' }],
    ['file-root:/a/root.pem', { kind: 'root', path: '/a/root.pem' }],
    ['file-root:system', { kind: 'root', path: 'system' }],
    ['file-root:', { kind: 'root', path: '' }],
  ] as const) {
    it(`49: reads ${name}`, () => {
      deepEqual(parseFileResource(name), expected);
    });
  }

  for (const name of [
    'file-cert:/a/cert.pem',
    'file-cert:/a~/b~/c',
    'file-root:/a~/b',
    'default',
    'ROOTCA',
    'kubernetes://foo',
    'File-cert:/a~/b',
    '',
  ]) {
    it(`49: knows no file of '${name}'`, () => {
      equal(parseFileResource(name), undefined);
    });
  }
});
