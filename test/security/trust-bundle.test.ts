import assert from 'node:assert/strict';

import { mergeAnchors } from '../../src/security/trust-bundle.ts';

const block = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;

describe('mergeAnchors', () => {
  it('sorts the blocks of all parts, each once, without a newline at the end', () => {
    const merged = mergeAnchors([`${block('BBBB')}\n${block('AAAA')}\n`, `\n${block('BBBB')}`, '']);

    assert.equal(merged, `${block('AAAA')}\n${block('BBBB')}`);
  });

  it('takes a block with other line ends for the same', () => {
    assert.equal(mergeAnchors([block('AAAA'), block('AAAA').replaceAll('\n', '\r\n')]), block('AAAA'));
  });
});
