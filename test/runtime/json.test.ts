import assert from 'node:assert/strict';

import { isDeeperThan, isJsonObject, parseJson, sortKeys } from '../../src/runtime/json.ts';

describe('parseJson', () => {
  it('gives undefined for a text that is no JSON, and tells it from null', () => {
    assert.equal(parseJson('{'), undefined);
    assert.equal(parseJson(''), undefined);
    assert.equal(parseJson('null'), null);
    assert.deepEqual(parseJson('{"a":[1]}'), { a: [1] });
  });
});

describe('isJsonObject', () => {
  it('knows an object from everything else of JSON', () => {
    const objects = [{}, [], null, 'text', 1, undefined].map((value) => isJsonObject(value));

    assert.deepEqual(objects, [true, false, false, false, false, false]);
  });
});

describe('sortKeys', () => {
  it('orders members by their bytes, upper case first, at every depth', () => {
    const sorted = sortKeys({ b: [{ z: 1, Z: 2 }], a: null, B: 'x', '\u{1f600}': 1, '\uffff': 2 });

    const text = JSON.stringify(sorted);
    assert.equal(text, '{"B":"x","a":null,"b":[{"Z":2,"z":1}],"\uffff":2,"\u{1f600}":1}');
  });
});

describe('isDeeperThan', () => {
  it('counts objects and lists that lie in each other', () => {
    const value = { a: [{ b: 1 }], c: 'text' };

    assert.equal(isDeeperThan(value, 3), false);
    assert.equal(isDeeperThan(value, 2), true);
    assert.equal(isDeeperThan('text', 0), false);
    assert.equal(isDeeperThan([], 0), true);
  });

  it('does not lose itself in what has no end', () => {
    const bottomless = parseJson('['.repeat(1_000_000) + ']'.repeat(1_000_000));

    assert.equal(isDeeperThan(bottomless, 100), true);
  });
});
