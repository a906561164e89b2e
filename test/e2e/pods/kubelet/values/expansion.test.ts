import { equal } from 'node:assert/strict';

import { expand } from './expansion.ts';

const VALUES: Readonly<Record<string, string>> = { NAME: 'web', EMPTY: '', DOLLAR: '$(NAME)' };

/** Text, and what Kubernetes makes of it. */
const CASES: readonly (readonly [string, string])[] = [
  ['$(NAME).shop', 'web.shop'],
  ['$(NAME)$(NAME)', 'webweb'],
  ['[$(EMPTY)]', '[]'],
  ['$(UNKNOWN)', '$(UNKNOWN)'],
  ['$$(NAME)', '$(NAME)'],
  ['$$$(NAME)', '$web'],
  ['$$$$(NAME)', '$$(NAME)'],
  ['$(NAME', '$(NAME'],
  ['$NAME and $', '$NAME and $'],
  ['a$$b', 'a$b'],
  ['$(DOLLAR)', '$(NAME)'],
  ['$()', '$()'],
];

describe('expand', () => {
  for (const [text, expected] of CASES) {
    it(`makes ${expected} of ${text}`, () => {
      const expanded = expand(text, (name) => VALUES[name]);

      equal(expanded, expected);
    });
  }
});
