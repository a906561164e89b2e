import assert from 'node:assert/strict';

import { patternProblem, tagProblem, tagRegex } from '../../src/bootstrap/regex-check.ts';

describe('patternProblem', () => {
  it('is nothing for what RE2 reads', async () => {
    for (const pattern of [String.raw`vhost\..*`, 'a{1000}', '(?i)a', '(?P<n>a)', String.raw`\pN`, 'a{,3}']) {
      assert.equal(await patternProblem(pattern), undefined, pattern);
    }
  });

  it('is told for what only other engines read', async () => {
    const wrong = ['a(?=b)', '(?<!a)b', String.raw`(a)\1`, 'a{1001}', String.raw`\Z`, 'x*+', '[z-a]', '('];

    for (const pattern of wrong) assert.equal(typeof (await patternProblem(pattern)), 'string', pattern);
  });

  it('is told for a character that Envoy, which reads bytes, cannot name', async () => {
    assert.equal(await patternProblem(String.raw`\x{ff}`), undefined);
    assert.equal(await patternProblem(String.raw`\x{0100}`), String.raw`\x{…} goes up to \x{ff}`);
  });

  it('is told for a program that is too large', async () => {
    assert.match((await patternProblem('[ab]'.repeat(33_000))) ?? '', /^a program of 33\d+ steps, 32768/);
  });
});

describe('tagProblem', () => {
  it('is nothing for what std::regex reads', () => {
    const good = [
      'team',
      'a.b',
      'a b',
      '(?=x)',
      '(?:x)',
      '[[:digit:]]',
      String.raw`\-\_\.\d\x41`,
      'é',
      'a{1}',
      '[]',
    ];

    for (const tag of good) assert.equal(tagProblem(tag), undefined, tag);
  });

  it('is told for what it does not read', () => {
    const wrong = ['a(b', 'a)b', 'a]b', 'a{b', 'a}b', '*a', 'a**', '(?<=x)', '(?<n>x)', '(?i:a)', 'a{2,1}'];
    const escapes = [String.raw`\p{L}`, String.raw`\2`, String.raw`\x4`, String.raw`\q`, String.raw`[a-\d]`];

    for (const tag of [...wrong, ...escapes]) assert.equal(typeof tagProblem(tag), 'string', tag);
  });

  it("is told for an expression that is longer than Envoy's limit", () => {
    const longest = 'x'.repeat(1024 - tagRegex('').length);

    assert.equal(tagProblem(longest), undefined);
    assert.equal(tagProblem(`${longest}x`), 'its expression is longer than 1024 bytes');
  });
});
