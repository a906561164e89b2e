import { equal, notEqual, ok } from 'node:assert/strict';

import {
  fingerprint,
  FingerprintSet,
  joined,
  without,
} from '../../../../src/status/metrics/strict/fingerprints.ts';

describe('fingerprint', () => {
  it('is that of the piece of the text', () => {
    equal(fingerprint('xxabcxx', 2, 5), fingerprint('abc'));
  });

  it('is a whole number of at most 52 bits, and another one for each of 50,000 similar texts', () => {
    const prints = new Set(
      Array.from({ length: 50_000 }, (_, index) => fingerprint(`svc${index}.ns${index % 7}`)),
    );

    equal(prints.size, 50_000);
    ok([...prints].every((print) => Number.isSafeInteger(print) && print >= 0 && print < 2 ** 52));
  });

  it('tells who comes first from who comes after', () => {
    notEqual(fingerprint('a', 0, 1, fingerprint('b')), fingerprint('b', 0, 1, fingerprint('a')));
  });

  it('stands for several, whichever comes first, and without one of them', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((text) => fingerprint(text)) as [number, number, number];

    equal(joined(joined(a, b), c), joined(joined(c, a), b));
    equal(without(joined(joined(a, b), c), b), joined(a, c));
  });
});

describe('FingerprintSet', () => {
  it('takes each value once, zero too', () => {
    const set = new FingerprintSet(8);

    equal(set.add(0), true);
    equal(set.add(0), false);
    equal(set.add(2 ** 51 + 1), true);
    equal(set.has(0) && set.has(2 ** 51 + 1), true);
    equal(set.has(1), false);
  });

  it('keeps what it has while it grows', () => {
    const set = new FingerprintSet(10_000);
    const prints = Array.from({ length: 10_000 }, (_, index) => fingerprint(`${index}`));

    for (const print of prints) set.add(print);

    ok(prints.every((print) => set.has(print)));
  });

  it('takes nothing more when it is full', () => {
    const set = new FingerprintSet(1);
    set.add(1);

    equal(set.add(2), false);

    equal(set.has(2), false);
    equal(set.has(1), true);
  });

  it('is empty after it was cleared, small or large', () => {
    const set = new FingerprintSet(1000);
    for (const count of [3, 1000]) {
      for (let value = 0; value < count; value += 1) set.add(value);

      set.clear();

      equal(set.has(0) || set.has(2), false);
      equal(set.add(2), true);
    }
  });
});
