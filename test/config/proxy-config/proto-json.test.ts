import assert from 'node:assert/strict';

import type { Fields, ReadingContext } from '../../../src/config/proxy-config/proto-field.ts';
import {
  enumeration,
  kept,
  list,
  map,
  message,
  oneOf,
  readMessage,
  withoutZeros,
} from '../../../src/config/proxy-config/proto-json.ts';
import {
  bool,
  double,
  duration,
  durationText,
  int32,
  int64,
  text,
  uint32,
} from '../../../src/config/proxy-config/proto-scalars.ts';
import type { Json } from '../../../src/runtime/json.ts';

const fields = {
  someName: text,
  isOn: bool,
  small: int32,
  size: uint32,
  share: double,
  wait: duration,
  mode: enumeration({ OFF: 0, ON: 1 }),
  inner: message({ label: text, limit: kept(int32) }),
  tags: list(text),
  pairs: map(text),
  large: kept(int64),
  choice: message({ first: text, second: text }, ['first', 'second']),
  threads: kept(int32),
} satisfies Fields;

const nowhere: Pick<ReadingContext, 'placeOf'> = { placeOf: () => undefined };

function read(value: Json, unknown: string[] = []) {
  return readMessage(fields, value, [], {
    unknownField: (path) => unknown.push(path.join('.')),
    ...nowhere,
  });
}

describe('readMessage', () => {
  it('takes both spellings of a name; camelCase wins', () => {
    assert.deepEqual(read({ some_name: 'a' }), { someName: 'a' });
    assert.deepEqual(read({ someName: 'camel', some_name: 'snake' }), { someName: 'camel' });
    assert.deepEqual(read({ someName: null, some_name: 'snake' }), {});
  });

  it('gives the fields in the order of the table', () => {
    assert.deepEqual(Object.keys(read({ threads: 1, small: 2, someName: 'a' })), [
      'someName',
      'small',
      'threads',
    ]);
  });

  it('leaves nulls out and reports unknown fields at every depth', () => {
    const unknown: string[] = [];

    const value = read({ someName: null, nosuch: 1, inner: { label: 'x', other: true } }, unknown);

    assert.deepEqual(value, { inner: { label: 'x' } });
    assert.deepEqual(unknown.sort(), ['inner.other', 'nosuch']);
  });

  it('takes quoted numbers, enums by name or number, Go durations', () => {
    const value = read({ small: '-5', size: 3, share: '0.5', mode: 1, wait: '1m30s' });

    assert.deepEqual(value, { small: -5, size: 3, share: 0.5, mode: 'ON', wait: '90s' });
  });

  it('makes a null inside a list or a map the empty value', () => {
    assert.deepEqual(read({ tags: [null], pairs: { a: null } }), { tags: [''], pairs: { a: '' } });
  });

  it('lets the last declared one of a choice win', () => {
    assert.deepEqual(read({ choice: { second: 'b', first: 'a' } }), { choice: { second: 'b' } });
  });

  it('keeps zero values of its own level and drops those inside, except wrappers', () => {
    assert.deepEqual(read({ small: 0, inner: { label: '', limit: 0 } }), { small: 0, inner: { limit: 0 } });
  });

  it('names field and value of a wrong type, and says when quotes are missing', () => {
    assert.throws(() => read({ pairs: { A: 1 } }), {
      message: 'pairs.A: 1 is a number, not text; quote it: "1"',
    });
    assert.throws(() => read({ isOn: 'yes' }), /^ConfigError: isOn: "yes" is text, not true or false$/);
    assert.throws(() => read({ small: 2 ** 31 }), /small: 2147483648 is a number, not an integer from/);
    assert.throws(() => read({ size: -1 }), /size: -1 is a number/);
    assert.throws(() => read({ tags: 'a' }), /tags: "a" is text, not a list/);
    assert.throws(() => read({ tags: [1] }), /tags.0: 1 is a number, not text/);
    assert.throws(() => read({ inner: [] }), /inner: \[\] is a list, not an object/);
    assert.throws(() => read({ mode: 'MAYBE' }), /mode: unknown value "MAYBE", one of OFF, ON/);
    assert.throws(() => read({ wait: 45 }), /wait: 45 is a number, not a duration/);
    assert.throws(() => read({ wait: '45' }), /wait: bad Duration: .*"45"/);
    assert.throws(() => read('word'), { message: '"word" is text, not an object' });
  });

  it('quotes the text as it was written', () => {
    const place = { line: 3, column: 7, source: 'y' };
    const context = { unknownField: () => undefined, placeOf: () => place };

    assert.throws(() => readMessage(fields, { someName: true }, [], context), {
      message: 'line 3, column 7: someName: y is a boolean, not text; quote it: "y"',
    });
  });

  it('shows neither secrets nor whole texts', () => {
    const secret = { accessToken: message({}) };

    assert.throws(
      () => readMessage(secret, { accessToken: 's3cret' }, [], { ...nowhere, unknownField: () => undefined }),
      {
        message: 'accessToken: *** is text, not an object',
      },
    );
    assert.throws(
      () => read({ small: 'x'.repeat(100_000) }),
      (error: Error) => error.message.length < 500,
    );
  });
});

describe('numbers', () => {
  it('have quotes or not, in the form of JSON', () => {
    const good: Json[] = ['7', ' 7 ', 7];

    assert.deepEqual(
      good.map((value) => read({ small: value })),
      good.map(() => ({ small: 7 })),
    );
    for (const value of ['', '+7', '7.0', '07', '0x7', '1e2', 1.5, true, '7a']) {
      assert.throws(() => read({ small: value }), /not an integer from/, JSON.stringify(value));
    }
  });

  it('of 64 bits keep every digit and become text', () => {
    const source = '9007199254740993';
    const context = { placeOf: () => ({ line: 1, column: 1, source }), unknownField: () => undefined };

    assert.deepEqual(readMessage(fields, { large: Number(source) }, [], context), { large: source });
    assert.deepEqual(read({ large: '-9223372036854775808' }), { large: '-9223372036854775808' });
    assert.deepEqual(read({ large: 0 }), { large: '0' });
    for (const value of ['9223372036854775808', 1.5, 'x', false]) {
      assert.throws(() => read({ large: value }), /not a 64-bit integer/);
    }
  });

  it('with a fraction may be NaN and infinite by name', () => {
    for (const name of ['NaN', 'Infinity', '-Infinity']) {
      assert.deepEqual(read({ share: name }), { share: name });
    }
    assert.deepEqual(read({ share: '1e3' }), { share: 1000 });
    for (const value of ['inf', '1e400', '', ' ', true]) {
      assert.throws(() => read({ share: value }), /not a number/);
    }
  });
});

describe('enumeration', () => {
  it('keeps a number it has no name for, and no other text than a name', () => {
    assert.deepEqual(read({ mode: 9 }), { mode: 9 });
    for (const value of ['1', 2 ** 31, 1.5, true])
      assert.throws(() => read({ mode: value }), /unknown value/);
  });
});

describe('oneOf', () => {
  it('keeps the last of the names that are there, and all others', () => {
    assert.deepEqual(oneOf({ b: 1, a: 2, c: 3 }, ['a', 'b']), { b: 1, c: 3 });
    assert.deepEqual(oneOf({ c: 3 }, ['a', 'b']), { c: 3 });
  });
});

describe('withoutZeros', () => {
  it('drops what says nothing and keeps wrappers, durations and messages', () => {
    const message = read({
      someName: '',
      isOn: false,
      small: 0,
      mode: 'OFF',
      tags: [],
      pairs: {},
      wait: '0s',
      inner: {},
      threads: 0,
    });

    assert.deepEqual(withoutZeros(fields, message), { wait: '0s', inner: {}, threads: 0 });
  });
});

describe('durationText', () => {
  it('writes seconds with 0, 3, 6 or 9 decimals', () => {
    const texts = [45_000, 500, 1500, 0.25, 0.001, 0.000001, 0, -5000].map(durationText);

    assert.deepEqual(texts, [
      '45s',
      '0.500s',
      '1.500s',
      '0.000250s',
      '0.000001s',
      '0.000000001s',
      '0s',
      '-5s',
    ]);
  });
});
