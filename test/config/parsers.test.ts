import assert from 'node:assert/strict';

import {
  commaList,
  fileMode,
  goBool,
  goDuration,
  goFloat,
  goInt,
  groupId,
  oneOf,
  type Parser,
} from '../../src/config/parsers.ts';

function readAll<T>(parser: Parser<T>, texts: readonly string[]): (T | undefined)[] {
  return texts.map((text) => parser.parse(text));
}

describe('value parsers', () => {
  it('take the twelve spellings of a Go bool and no other', () => {
    for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) assert.equal(goBool.parse(text), true, text);
    for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False'])
      assert.equal(goBool.parse(text), false, text);
    for (const text of ['', 'yes', 'tRUE', ' true', '2']) assert.equal(goBool.parse(text), undefined, text);
  });

  it('take decimal integers with a sign', () => {
    assert.deepEqual(readAll(goInt, ['15', '-3', '+7', '007']), [15, -3, 7, 7]);
    assert.deepEqual(readAll(goInt, ['', '0x10', '1_000', '1.0', '1e3', ' 1']), Array(6).fill(undefined));
  });

  it('take octal file modes, and ids of groups', () => {
    assert.deepEqual(readAll(fileMode, ['0660', '666']), [0o660, 0o666]);
    assert.deepEqual(readAll(fileMode, ['', '0o660', '0668', '66', '10666', 'rw']), Array(6).fill(undefined));
    assert.equal(fileMode.format(0o660), '0660');
    assert.deepEqual(readAll(groupId, ['0', '1337']), [0, 1337]);
    assert.deepEqual(readAll(groupId, ['', '-1', '4294967295', 'istio']), Array(4).fill(undefined));
  });

  it('take floats', () => {
    assert.deepEqual(readAll(goFloat, ['0.5', '.25', '1.', '1e-2', '-3']), [0.5, 0.25, 1, 0.01, -3]);
    assert.deepEqual(readAll(goFloat, ['', 'half', '0,5', '1e999']), Array(4).fill(undefined));
    assert.equal(goFloat.parse(`${'9'.repeat(100_000)}x`), undefined); // in no time
  });

  it('take Go durations as milliseconds', () => {
    assert.deepEqual(readAll(goDuration, ['1h2m3.5s', '100ms', '0', '-2s']), [3_723_500, 100, 0, -2000]);
    assert.deepEqual(readAll(goDuration, ['', '5', '1d']), Array(3).fill(undefined));
  });

  it('split lists at commas, keeping blanks, and see nothing in an empty text', () => {
    assert.deepEqual(commaList.parse('a, b,,c'), ['a', ' b', '', 'c']);
    assert.deepEqual(commaList.parse(''), []);
  });

  it('take only the words of a choice', () => {
    const policy = oneOf('never', 'always');

    assert.equal(policy.parse('always'), 'always');
    assert.equal(policy.parse('Always'), undefined);
    assert.equal(policy.expecting, 'never/always');
  });
});
