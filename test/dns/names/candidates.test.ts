import { deepEqual } from 'node:assert/strict';

import { candidatesOf } from '../../../src/dns/names/candidates.ts';

function names(asked: string, suffix?: string): string[] {
  return [...candidatesOf(asked, suffix)].map(
    ({ name, isAlias, isWildcard }) =>
      `${isWildcard ? 'wildcard' : 'name'} ${name}${isAlias ? ' alias' : ''}`,
  );
}

describe('candidatesOf', () => {
  it('are the name, and then its wildcards from the closest to the farthest', () => {
    deepEqual(names('a.b.example.'), ['name a.b.example.', 'wildcard *.b.example.', 'wildcard *.example.']);
    deepEqual(names('a.'), ['name a.']);
    deepEqual(names('.'), ['name .']);
  });

  it('are each without the search domain too, right after it', () => {
    deepEqual(names('a.b.shop.svc.', '.shop.svc.'), [
      'name a.b.shop.svc.',
      'name a.b. alias',
      'wildcard *.b.shop.svc.',
      'wildcard *.b. alias',
      'wildcard *.shop.svc.',
      'wildcard *. alias',
      'wildcard *.svc.',
    ]);
  });

  it('are not without the search domain what would still be in it', () => {
    deepEqual(names('web.svc.svc.', '.svc.'), [
      'name web.svc.svc.',
      'wildcard *.svc.svc.',
      'wildcard *.svc.',
      'wildcard *. alias',
    ]);
  });
});
