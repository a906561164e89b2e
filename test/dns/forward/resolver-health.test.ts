import { deepEqual, equal } from 'node:assert/strict';

import { ResolverHealth } from '../../../src/dns/forward/resolver-health.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const [A, B, C] = ['a', 'b', 'c'].map((host) => ({ host, port: 53 })) as [Resolver, Resolver, Resolver];
type Resolver = { readonly host: string; readonly port: number };
const ALL = [A, B, C];

describe('ResolverHealth', () => {
  let clock: FakeClock;
  let health: ResolverHealth;
  beforeEach(() => {
    clock = new FakeClock();
    health = new ResolverHealth({ clock, random: () => 0 }); // leaves every order as it is
  });

  const order = (): string => health.order(ALL).reduce((text, { host }) => text + host, '');

  it('orders by chance those of which nothing is known', () => {
    const draws = [0.9, 0.1, 0.5];

    const byChance = new ResolverHealth({ clock, random: () => draws.shift() ?? 0 }).order(ALL);

    deepEqual(byChance, [C, B, A]);
  });

  it('puts those that failed last, until they answer', () => {
    health.failed(A);
    health.failed(B);
    const failed = order();

    health.answered(B);

    deepEqual([failed, order()], ['cab', 'bca']);
    deepEqual([health.isSuspect(A), health.isSuspect(B)], [true, false]);
  });

  it('has one query in ten seconds try one that failed', async () => {
    health.failed(B);
    await clock.tick(9999);
    const before = order();

    await clock.tick(1);
    const [tried, other] = [order(), order()];
    await clock.tick(10_000);

    deepEqual([before, tried, other], ['acb', 'bac', 'acb']);
    equal(order(), 'bac');
  });

  it('tries one of several at a time', async () => {
    health.failed(A);
    health.failed(B);

    await clock.tick(10_000);

    deepEqual([order(), order(), order()], ['acb', 'bca', 'cab']);
  });
});
