// A fleet that was restarted together: real keepers on one clock, which jumps from one wake-up to the next.

import assert from 'node:assert/strict';

import { seededRandom } from '../support/seeded-random.ts';
import { kept, type Kept } from './kept.ts';
import { SimulatedClock } from './simulated-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const AGENTS = 500;
/** How far the jitter moves a renewal at most: 0.01 of a day. */
const LATEST_MS = 14.4 * MINUTE_MS;
const AT_DEFAULTS = { graceRatio: 0.5, graceRatioJitter: 0.01 };

async function renewalsOfFleet(seed: number, endMs: number): Promise<readonly number[]> {
  const clock = new SimulatedClock();
  const stop = new AbortController();
  const random = seededRandom(seed);
  const fleet: Kept[] = Array.from({ length: AGENTS }, () => kept(clock, AT_DEFAULTS, { random }));
  for (const { keeper, issuing } of fleet) {
    issuing.lifetimeMs = DAY_MS;
    keeper.run(stop.signal).catch(() => undefined); // ends with the simulation
  }
  await clock.runUntil(endMs);
  return fleet.flatMap(({ issuing }) => issuing.requestsMs.slice(1)).sort((a, b) => a - b);
}

/** The most that fall into any minute, wherever it begins. */
function busiestMinute(timesMs: readonly number[]): number {
  const counts = timesMs.map(
    (beginMs) => timesMs.filter((ms) => ms >= beginMs && ms < beginMs + MINUTE_MS).length,
  );
  return Math.max(...counts);
}

describe('500 agents that were restarted together', () => {
  for (const seed of [1, 2]) {
    it(`renew at most 8 % in any minute (seed ${seed})`, async () => {
      const renewalsMs = await renewalsOfFleet(seed, 12 * HOUR_MS + LATEST_MS);

      assert.equal(renewalsMs.length, AGENTS);
      const [first = 0, last = 0] = [renewalsMs.at(0), renewalsMs.at(-1)];
      assert.ok(first >= 12 * HOUR_MS - LATEST_MS && last <= 12 * HOUR_MS + LATEST_MS);
      assert.ok(busiestMinute(renewalsMs) <= 0.08 * AGENTS, `${busiestMinute(renewalsMs)} in one minute`);
    }).timeout(20_000);
  }
});
