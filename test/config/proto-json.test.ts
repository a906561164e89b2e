import assert from 'node:assert/strict';

import {
  anything,
  bool,
  double,
  duration,
  durationText,
  enumeration,
  int32,
  kept,
  list,
  map,
  message,
  readMessage,
  text,
  uint32,
  withoutZeros,
  type Fields,
} from '../../src/config/proto-json.ts';
import type { Json } from '../../src/runtime/json.ts';

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
  open: anything,
  threads: kept(int32),
} satisfies Fields;

function read(value: Json, unknown: string[] = []) {
  return readMessage(fields, value, [], {
    unknownField: (path) => unknown.push(path.join('.')),
    sourceAt: () => undefined,
  });
}

describe('readMessage', () => {
  it('takes both spellings of a name; camelCase wins', () => {
    assert.deepEqual(read({ some_name: 'a' }), { someName: 'a' });
    assert.deepEqual(read({ someName: 'camel', some_name: 'snake' }), { someName: 'camel' });
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
    const context = { unknownField: () => undefined, sourceAt: () => 'y' };

    assert.throws(() => readMessage(fields, { someName: true }, [], context), {
      message: 'someName: y is a boolean, not text; quote it: "y"',
    });
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
