import assert from 'node:assert/strict';

import { shellWords } from '../../../iptables/rules/shell-words.ts';

describe('shellWords', () => {
  it('undoes quotes and escapes as a shell does', () => {
    assert.deepEqual(shellWords(String.raw`-A X "a \"b\" c" 'd e' f\ g ""`), [
      '-A',
      'X',
      'a "b" c',
      'd e',
      'f g',
      '',
    ]);
  });
});
