import assert from 'node:assert/strict';

import { failureText } from './difference.ts';

function failure(actual: unknown, expected: unknown, message?: string): string {
  try {
    assert.deepEqual(actual, expected, message);
  } catch (error) {
    return failureText(error);
  }
  throw new Error('the two are equal');
}

describe('failureText', () => {
  it('shows changed lines with a little around them', () => {
    const text = failure({ a: 1, b: [1, 2, 3, 4, 5], c: 'new' }, { c: 'old', b: [1, 2, 3, 4, 5], a: 1 });

    assert.equal(
      text,
      [
        '--- expected',
        '+++ actual',
        '@@ line 8 @@',
        '     5',
        '   ],',
        '+  "c": "new"',
        '-  "c": "old"',
        ' }',
      ].join('\n'),
    );
  });

  it('compares texts line by line and keeps the message of the case', () => {
    const text = failure('-N A\n-N C', '-N A\n-N B', 'rules differ');

    assert.deepEqual(text.split('\n'), [
      'rules differ',
      '--- expected',
      '+++ actual',
      '@@ line 1 @@',
      ' -N A',
      '+-N C',
      '--N B',
    ]);
  });

  it('is limited in length', () => {
    const lines = failure(
      Array.from({ length: 500 }, (_, index) => index),
      [],
    ).split('\n');

    assert.equal(lines.length, 61);
    assert.match(lines.at(-1) ?? '', /^… \d+ more lines$/);
  });

  it('is the message for values of one line and for other errors', () => {
    assert.match(failure('a', 'b'), /'a' !== 'b'|\+ 'a'/);
    assert.equal(failureText(new Error('not made yet')), 'not made yet');
  });
});
