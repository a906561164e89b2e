import { deepEqual, equal, throws } from 'node:assert/strict';

import { DecodeError, decodeJson, GoMembers } from '../../src/config/go-json.ts';

function members(text: string): GoMembers {
  return new GoMembers(decodeJson(text), '');
}

describe('decodeJson', () => {
  it('says that a text is no JSON', () => {
    throws(() => decodeJson('{x'), DecodeError);
  });
});

describe('GoMembers', () => {
  it('finds a member whatever its case, the last of several', () => {
    equal(members('{"Port": "1", "PORT": "2"}').text('port'), '2');
  });

  it('takes absent and null members for empty ones', () => {
    const given = members('{"a": null}');

    deepEqual(
      [given.text('a'), given.integer('a'), given.object('a'), given.list('b')],
      ['', 0, undefined, []],
    );
  });

  it('tells the entries of a map apart by case', () => {
    const names = members('{"/A": {}, "/a": null}')
      .entries()
      .map(([name]) => name);

    deepEqual(names, ['/A', '/a']);
  });

  it('names the place of a value of another type', () => {
    const nested = members('{"a": {"b": 1.5}, "list": [{"c": []}]}');

    throws(() => nested.text('a'), { name: 'DecodeError', message: 'a: {"b":1.5} is not text' });
    throws(() => nested.object('a')?.integer('b'), /^DecodeError: a\.b: 1\.5 is not a whole number$/);
    throws(() => nested.list('list')[0]?.text('c'), /^DecodeError: list\[0\]\.c: \[\] is not text$/);
    throws(() => nested.list('a'), /a: .* is not a list/);
    throws(() => members('[]'), /the value: \[\] is not an object/);
  });
});
