import { equal } from 'node:assert/strict';

import { excerpt } from '../../src/runtime/excerpt.ts';

describe('excerpt', () => {
  it('leaves a short text alone', () => {
    equal(excerpt('text', 4), 'text');
  });

  it('gives the beginning of a long one, and its length', () => {
    equal(excerpt('abcdef', 4), 'abcd… (6 characters)');
  });

  it('cuts no character in half', () => {
    equal(excerpt('abc😀ef', 4), 'abc… (7 characters)');
  });
});
