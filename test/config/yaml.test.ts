import assert from 'node:assert/strict';

import { parseYaml } from '../../src/config/yaml.ts';

describe('parseYaml', () => {
  it('reads YAML 1.1: y is true, dates and times stay text, keys become text', () => {
    const { value } = parseYaml('a: y\nb: 2001-01-01\nc: 1:30\nd: 0x10\n1: off\n');

    assert.deepEqual(value, { a: true, b: '2001-01-01', c: '1:30', d: 16, 1: false });
  });

  it('sees nothing in blanks, comments and null', () => {
    for (const text of ['', ' \n', '# nothing', 'null', '~']) assert.equal(parseYaml(text).value, null, text);
  });

  it('merges << maps', () => {
    assert.deepEqual(parseYaml('k: &k {a: 1}\nm:\n  <<: *k\n  b: 2').value, {
      k: { a: 1 },
      m: { a: 1, b: 2 },
    });
  });

  it('takes the first of several documents and the last of equal keys, and warns about both', () => {
    const documents = parseYaml('a: 1\n---\nb: 2\n');
    const keys = parseYaml('a: 1\na: 2\n');

    assert.deepEqual(documents.value, { a: 1 });
    assert.match(documents.warnings.join(), /first of 2 YAML documents/);
    assert.deepEqual(keys.value, { a: 2 });
    assert.match(keys.warnings.join(), /given twice/);
  });

  it('remembers how a value was written', () => {
    const { sourceAt } = parseYaml('m:\n  value: y\n');

    assert.equal(sourceAt(['m', 'value']), 'y');
    assert.equal(sourceAt(['m']), undefined);
  });

  it('refuses broken text and bombs of aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [next, last] of ['ba', 'cb', 'dc']) {
      bomb.push(`${next}: &${next} [${Array(9).fill(`*${last}`).join(',')}]`);
    }

    assert.throws(() => parseYaml('{not: [yaml'), /^ConfigError: yaml: /);
    assert.throws(() => parseYaml(bomb.join('\n')), /alias/i);
  });
});
