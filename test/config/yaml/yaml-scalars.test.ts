import assert from 'node:assert/strict';

import { plainScalar, taggedScalar } from '../../../src/config/yaml/yaml-scalars.ts';

describe('plainScalar', () => {
  it('knows the words of YAML 1.1, in three spellings', () => {
    for (const word of ['y', 'Y', 'yes', 'on', 'TRUE']) assert.equal(plainScalar(word), true, word);
    for (const word of ['n', 'No', 'OFF', 'false']) assert.equal(plainScalar(word), false, word);
    for (const word of ['', '~', 'null', 'NULL']) assert.equal(plainScalar(word), null, word);
    for (const word of ['tRUE', 'nULL', 'oN', '=']) assert.equal(plainScalar(word), word);
  });

  it('reads integers with every prefix', () => {
    const read = ['12', '+1', '-010', '0o10', '-0o17', '0x_1F', '0b11', '1_000', '0', '-0b1'].map(
      plainScalar,
    );

    assert.deepEqual(read, [12, 1, -8, 8, -15, 31, 3, 1000, 0, -1]);
  });

  it('reads floating-point numbers, also from what is no octal number', () => {
    assert.deepEqual(
      ['1.5', '.5', '5.', '1e3', '-.5', '08', '0.1_1'].map(plainScalar),
      [1.5, 0.5, 5, 1000, -0.5, 8, 0.11],
    );
    assert.equal(plainScalar('.inf'), Infinity);
    assert.equal(plainScalar('-.Inf'), -Infinity);
    assert.ok(Number.isNaN(plainScalar('.NaN')));
  });

  it('keeps integers of 64 bits exact and rounds larger ones', () => {
    assert.equal(plainScalar('18446744073709551615'), 18_446_744_073_709_551_615n);
    assert.equal(plainScalar('-9223372036854775808'), -(2n ** 63n));
    assert.equal(plainScalar('18446744073709551616'), 2 ** 64);
    assert.equal(plainScalar('9'.repeat(100_000)), '9'.repeat(100_000));
  });

  it('leaves everything else text', () => {
    for (const text of ['0x', '0b2', '0xg', '_1', '1:30', '2001-01-01', '1.2.3', '1e400', '-', '+', '.']) {
      assert.equal(plainScalar(text), text);
    }
  });
});

describe('taggedScalar', () => {
  const tag = (kind: string): string => `tag:yaml.org,2002:${kind}`;

  it('makes of a text what the tag says', () => {
    assert.equal(taggedScalar(tag('str'), '12'), '12');
    assert.equal(taggedScalar(tag('int'), '3'), 3);
    assert.equal(taggedScalar(tag('float'), '3'), 3);
    assert.equal(taggedScalar(tag('bool'), 'y'), true);
    assert.equal(taggedScalar(tag('binary'), 'aGVs\n bG8='), 'hello');
    assert.equal(taggedScalar('!foo', '12'), '12');
    assert.equal(taggedScalar(tag('timestamp'), '2001-01-01'), '2001-01-01');
  });

  it('refuses a text that is nothing of the kind', () => {
    assert.throws(() => taggedScalar(tag('null'), 'x'), { message: '"x" is no !!null' });
    assert.throws(() => taggedScalar(tag('bool'), 'x'), { message: '"x" is no !!bool' });
    assert.throws(() => taggedScalar(tag('binary'), '@@'), { message: 'a !!binary value is no base64' });
  });
});
