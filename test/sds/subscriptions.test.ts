import { deepEqual } from 'node:assert/strict';

import { Subscriptions } from '../../src/sds/subscriptions.ts';

describe('Subscriptions', () => {
  const none = new Set<string>();

  it('releases a name with the last stream that watches it, once', () => {
    const released: string[] = [];
    const subscriptions = new Subscriptions((name) => released.push(name));

    subscriptions.replace(none, new Set(['a', 'b']));
    subscriptions.replace(none, new Set(['a']));
    subscriptions.replace(new Set(['a', 'b']), new Set(['a']));
    deepEqual(released, ['b']);
    subscriptions.replace(new Set(['a']), none);
    deepEqual(released, ['b']);
    subscriptions.replace(new Set(['a']), new Set(['c']));

    deepEqual(released, ['b', 'a']);
  });

  it('releases a name again after it was watched again', () => {
    const released: string[] = [];
    const subscriptions = new Subscriptions((name) => released.push(name));

    for (let times = 0; times < 2; times += 1) {
      subscriptions.replace(none, new Set(['a']));
      subscriptions.replace(new Set(['a']), none);
    }

    deepEqual(released, ['a', 'a']);
  });
});
