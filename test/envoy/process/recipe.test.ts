import { equal, ok } from 'node:assert/strict';

import { Epoch } from '../../../src/envoy/process/epoch.ts';
import { isSameRecipe, Recipes, type Recipe } from '../../../src/envoy/process/recipe.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { EnvoyWorld } from '../support/envoy-world.ts';
import { argumentSettings, bootstrapAt } from '../support/settings.ts';

const TRIAL_MS = 10_000;

const recipe = (hash: string, binaryId = 'first'): Recipe => ({
  bootstrap: bootstrapAt('b.json', { hash }),
  binaryId,
});

describe('isSameRecipe', () => {
  it('compares configuration, arguments and binary, and not where the file is', () => {
    const elsewhere = { ...recipe('a'), bootstrap: bootstrapAt('c.json', { hash: 'a' }) };
    const louder = { hash: 'a', arguments: argumentSettings({ logLevel: 'debug' }) };

    ok(isSameRecipe(recipe('a'), elsewhere));
    ok(!isSameRecipe(recipe('a'), recipe('b')));
    ok(!isSameRecipe(recipe('a'), recipe('a', 'second')));
    ok(!isSameRecipe(recipe('a'), { ...recipe('a'), bootstrap: bootstrapAt('b.json', louder) }));
  });
});

describe('Recipes', () => {
  let clock: FakeClock;
  let recipes: Recipes;

  beforeEach(() => {
    clock = new FakeClock();
    recipes = new Recipes(clock, TRIAL_MS);
  });

  async function liveEpoch(of: Recipe): Promise<Epoch> {
    const world = new EnvoyWorld(clock);
    const command = { file: 'envoy', args: [] };
    const launch = {
      ...of,
      epoch: 0,
      generation: 0,
      baseId: undefined,
      configPath: 'b.json',
      reason: '',
      command,
    };
    const oomKills = () => Promise.resolve(undefined);
    const epoch = await Epoch.start(launch, { clock, spawn: world.spawn, output: () => undefined, oomKills });
    epoch.liveAtMs = clock.monotonicMs();
    recipes.live(epoch);
    return epoch;
  }

  it('count the first one that was live as good, and others only after their trial', async () => {
    const goodHash = (): string | undefined => recipes.good?.bootstrap.hash;
    equal(goodHash(), undefined);
    await liveEpoch(recipe('first'));
    await clock.tick(TRIAL_MS);

    await liveEpoch(recipe('second'));
    await clock.tick(TRIAL_MS - 1);
    equal(goodHash(), 'first');
    await clock.tick(1);

    equal(goodHash(), 'second');
  });

  it('take one whose Envoy ended during its trial for bad', async () => {
    await liveEpoch(recipe('first'));
    const second = await liveEpoch(recipe('second'));

    recipes.ended(second);

    equal(recipes.faultOf(recipe('second')), 'ended soon after it was live');
    equal(recipes.good?.bootstrap.hash, 'first');
  });

  it('hold nothing against the only one that ever worked', async () => {
    const first = await liveEpoch(recipe('first'));

    recipes.ended(first);
    recipes.refused(first, 'no port');

    equal(recipes.faultOf(recipe('first')), undefined);
  });

  it('forget what was bad once something else was wanted', () => {
    recipes.markBad(recipe('bad'), 'unknown field');
    equal(recipes.faultOf(recipe('bad')), 'unknown field');

    equal(recipes.faultOf(recipe('other')), undefined);

    equal(recipes.faultOf(recipe('bad')), undefined);
  });
});
