import assert from 'node:assert/strict';

import {
  BOOL,
  DURATION_MS,
  flag,
  flagDefaults,
  flagLines,
  INT,
  INT32,
  STRING,
  STRING_ARRAY,
  UINT16,
} from '../../src/config/flag-rows.ts';

describe('flag kinds', () => {
  it('read integers with base prefixes and separators', () => {
    const texts = ['10', '-4', '0x10', '0b101', '0o17', '017', '1_000', '0', '0x_ff'];

    assert.deepEqual(
      texts.map((text) => INT.parse(text, undefined)),
      [10, -4, 16, 5, 15, 15, 1000, 0, 255],
    );
  });

  it('refuse what Go refuses, naming the text', () => {
    for (const text of ['', 'abc', '08', '1__0', '_1', '1_', '1.0', ' 1']) {
      assert.throws(() => INT.parse(text, undefined), {
        message: `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
      });
    }
    assert.throws(() => BOOL.parse('yes', undefined), /strconv.ParseBool: parsing "yes": invalid syntax/);
    assert.throws(() => DURATION_MS.parse('5', undefined), /invalid duration "5"/);
  });

  it('refuse numbers out of range, and signs where there are none', () => {
    assert.throws(() => INT32.parse('2147483648', undefined), /value out of range/);
    assert.throws(() => UINT16.parse('65536', undefined), /strconv.ParseUint: .*value out of range/);
    assert.throws(() => UINT16.parse('-1', undefined), /invalid syntax/);
  });

  it('append to an array without splitting at commas', () => {
    assert.deepEqual(STRING_ARRAY.parse('b,c', ['a']), ['a', 'b,c']);
    assert.deepEqual(STRING_ARRAY.parse('a', undefined), ['a']);
  });
});

describe('a flag table', () => {
  const rows = {
    target: flag('log_target', STRING_ARRAY, ['stdout'], ''),
    domain: flag('domain', STRING, '', ''),
    grace: flag<number | undefined>('grace', DURATION_MS, undefined, ''),
  };

  it('knows its defaults', () => {
    assert.deepEqual(flagDefaults(rows), { target: ['stdout'], domain: '', grace: undefined });
  });

  it('shows every flag sorted by name, values quoted', () => {
    assert.deepEqual(flagLines(rows, { target: ['stdout', 'a'], domain: 'x"y', grace: 90_000 }), [
      String.raw`FLAG: --domain="x\"y"`,
      'FLAG: --grace="1m30s"',
      'FLAG: --help="false"',
      'FLAG: --log_target="[stdout,a]"',
    ]);
  });
});
