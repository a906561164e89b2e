import assert from 'node:assert/strict';

import { parseYaml } from '../../../src/config/yaml/yaml.ts';

/** A list of nine, nine of these, and so on: nine to the number of `levels`. */
function bomb(levels: number): string {
  const nine = (item: string): string => `[${Array(9).fill(item).join(',')}]`;
  const lines = Array.from(
    { length: levels },
    (_, level) => `a${level + 1}: &a${level + 1} ${nine(`*a${level}`)}`,
  );
  return [`a0: &a0 ${nine('x')}`, ...lines].join('\n');
}

describe('parseYaml', () => {
  it('reads YAML 1.1: y is true, dates and times stay text, keys become text', () => {
    const { value } = parseYaml('a: y\nb: 2001-01-01\nc: 1:30\nd: 0x10\n1: off\n');

    assert.deepEqual(value, { a: true, b: '2001-01-01', c: '1:30', d: 16, 1: false });
  });

  it('sees nothing in blanks, comments and null', () => {
    for (const text of ['', ' \n', '# nothing', 'null', '~']) assert.equal(parseYaml(text).value, null, text);
  });

  it('lays merged objects over what stands before, the first of several on top', () => {
    const { value } = parseYaml('k: &k {a: 1}\nl: &l {a: 2, c: 2}\nm:\n  a: 0\n  <<: [*k, *l]\n  b: 2');

    assert.deepEqual(value, { k: { a: 1 }, l: { a: 2, c: 2 }, m: { a: 1, b: 2, c: 2 } });
    assert.deepEqual(parseYaml('"<<": 1').value, { '<<': 1 });
    assert.throws(() => parseYaml('<<: 3'), /line 1, column 1: << wants an object/);
  });

  it('takes the first of several documents and the last of equal keys, and warns about both', () => {
    const documents = parseYaml('a: 1\n---\n[broken');
    const keys = parseYaml('a: 1\nb:\n  c: 1\na: 2\n');

    assert.deepEqual(documents.value, { a: 1 });
    assert.deepEqual(documents.warnings, [
      'only the first YAML document counts, another one starts at line 2, column 1',
    ]);
    assert.deepEqual(keys.value, { a: 2, b: { c: 1 } });
    assert.deepEqual(keys.warnings, ['key a is given twice, the last one counts (line 4, column 1)']);
  });

  it('takes a key named like a part of every object for what it is', () => {
    const { value } = parseYaml('{"__proto__": {"a": 1}}');

    assert.equal(JSON.stringify(value), '{"__proto__":{"a":1}}');
  });

  it('rounds integers no number can hold, or keeps them as text', () => {
    assert.deepEqual(parseYaml('a: 9007199254740993').value, { a: 9_007_199_254_740_992 });
    assert.deepEqual(parseYaml('a: 18446744073709551615', { exactIntegers: true }).value, {
      a: '18446744073709551615',
    });
    assert.deepEqual(parseYaml('a: 7', { exactIntegers: true }).value, { a: 7 });
  });

  it('tells where a value stands and how it is written', () => {
    const { placeOf } = parseYaml('m:\n  value: y\n  list: [a, 1.0]\n');

    assert.deepEqual(placeOf(['m', 'value']), { line: 2, column: 10, source: 'y' });
    assert.deepEqual(placeOf(['m', 'list', 1]), { line: 3, column: 13, source: '1.0' });
    assert.deepEqual(placeOf(['m']), { line: 2, column: 3, source: undefined });
    assert.equal(placeOf(['m', 'value', 'x']), undefined);
    assert.equal(placeOf(['nosuch']), undefined);
  });

  it('says what is wrong, and where', () => {
    assert.throws(() => parseYaml('a: 1\nb: [c'), /^ConfigError: yaml: line 2, column 6: /);
    for (const [text, problem] of [
      ['a:\n\tb: 1', /Tabs are not allowed/],
      ['a 1\nb: 1', /line 1, column 1: a key without ':'/],
      ['a: &a [*a]', /line 1, column 8: anchor 'a' value contains itself/],
      ['a: *b', /anchor 'b' is not set before it is used/],
      ['[a]: 1', /a key must be text, not a list or an object/],
      ['~: 1', /a key must be text, not null/],
      ['a: .inf', /\.inf is no number of JSON/],
      ['a: .nan', /\.nan is no number of JSON/],
      ['a: !!int x', /"x" is no !!int/],
      ['a: "\\/"', String.raw`yaml: line 1, column 4: escape \/ is not allowed: write the character itself`],
      ['a: "\\ud83d\\ude00"', /escape \\ud83d is not allowed/],
      ['a: \x01', /line 1, column 4: character U\+0001 is not allowed/],
    ] as const) {
      const message = typeof problem === 'string' ? problem : undefined;
      assert.throws(() => parseYaml(text), message === undefined ? (problem as RegExp) : { message }, text);
    }
  });

  it('quotes no more than the beginning of a long name', () => {
    assert.throws(
      () => parseYaml(`a: *${'b'.repeat(10_000)}`),
      (error: Error) => error.message.length < 500,
    );
  });

  it('takes escaped backslashes before a slash', () => {
    assert.deepEqual(parseYaml(String.raw`a: "\\/"`).value, { a: '\\/' });
  });

  it('refuses what is too deep or grows too large, in no time', () => {
    const deep = /more than 100 levels deep/;
    for (const text of ['[', '- ', '? ', '{a: ']) assert.throws(() => parseYaml(text.repeat(20_000)), deep);
    const chain = Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} [[*a${i}]]`);
    assert.throws(() => parseYaml(['a0: &a0 x', ...chain].join('\n')), deep);
    assert.throws(() => parseYaml(bomb(12)), /aliases repeat too much/);
    assert.equal(typeof parseYaml(bomb(3)).value, 'object');
  });
});
