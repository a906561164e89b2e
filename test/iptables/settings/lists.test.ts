import assert from 'node:assert/strict';

import { splitList } from '../../../iptables/settings/lists.ts';

describe('splitList', () => {
  it('drops empty items and keeps blanks', () => {
    assert.deepEqual(splitList(',a,, b ,'), ['a', ' b ']);
  });
});
