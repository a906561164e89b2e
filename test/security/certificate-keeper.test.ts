// Numbers before titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { plainLog } from '../../src/runtime/plain-log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { HALF, kept, type Kept } from './kept.ts';
import { turns } from './progress.ts';
import { SimulatedClock } from './simulated-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

describe('CertificateKeeper', () => {
  let clock: FakeClock;
  let stop: AbortController;
  let running: Promise<void>[];

  beforeEach(() => {
    clock = new FakeClock();
    stop = new AbortController();
    running = [];
  });

  afterEach(async () => {
    stop.abort(new Error('the test is over'));
    await Promise.all(running);
    assert.equal(clock.sleepers, 0);
  });

  async function start({ keeper }: Kept): Promise<void> {
    running.push(keeper.run(stop.signal).catch((error: unknown) => assert.equal(error, stop.signal.reason)));
    await clock.tick(0);
  }

  it('24: rotates a certificate of 90 days after 45, not at once', async () => {
    const long = new SimulatedClock();
    const test = kept(long);
    test.issuing.lifetimeMs = 90 * DAY_MS;
    running.push(
      test.keeper.run(stop.signal).catch((error: unknown) => assert.equal(error, stop.signal.reason)),
    );

    await long.runUntil(45 * DAY_MS);

    assert.deepEqual(test.issuing.requestsMs, [0, 45 * DAY_MS]);
  }).timeout(10_000);

  it('signs once for all who ask at the same time, and asks no more than that', async () => {
    const { keeper, issuing } = kept(clock);

    await Promise.all([keeper.renew(), keeper.renew(), keeper.renew()]);

    assert.equal(issuing.requestsMs.length, 1);
  });

  it('leaves a second between signings when the ratio says "at once"', async () => {
    const test = kept(clock, { graceRatio: 1, graceRatioJitter: 0 });
    await start(test);

    await clock.tick(10_000);

    assert.equal(test.issuing.requestsMs.length, 11);
  });

  it('signs nothing while none is needed, until somebody was given one all the same', async () => {
    const need = { is: false };
    const test = kept(clock, HALF, { isNeeded: async () => need.is });
    await start(test);
    await clock.tick(DAY_MS);
    assert.equal(test.issuing.requestsMs.length, 0);

    await test.keeper.renew();
    need.is = true;
    await clock.tick(HOUR_MS / 2);

    assert.deepEqual(test.used, ['1', '2']);
  });

  describe('while the CA is down', () => {
    it('tries until the end of the life, ever slower, then faster', async () => {
      const test = kept(clock);
      test.issuing.lifetimeMs = DAY_MS;
      await start(test);
      test.issuing.down = 'down';

      await clock.tick(DAY_MS - 1);

      const [firstMs = 0, ...triesMs] = test.issuing.requestsMs;
      const waitsMs = triesMs.map((ms, i) => ms - (triesMs[i - 1] ?? firstMs + 12 * HOUR_MS));
      assert.deepEqual(waitsMs.slice(0, 4), [0, 5000, 10_000, 20_000]);
      const lateMs = firstMs + 0.9 * DAY_MS;
      const early = waitsMs.filter((_, i) => (triesMs[i] ?? 0) <= lateMs);
      const late = waitsMs.filter((_, i) => (triesMs[i - 1] ?? 0) > lateMs);
      assert.equal(Math.max(...early), 5 * MINUTE_MS);
      assert.equal(Math.max(...late), 30_000);
      assert.ok(Math.min(...late) >= 500, 'never a tight loop');
      assert.equal(test.keeper.valid?.serial, '1');
    }).timeout(20_000);

    it('says one cause once, and once a minute that the certificate has expired', async () => {
      const test = kept(clock);
      await start(test);
      test.issuing.down = 'down';
      await clock.tick(HOUR_MS - 1);
      assert.deepEqual(test.recorded.messages('warn'), ['resource:default failed to sign: down']);
      assert.deepEqual(test.recorded.messages('error'), []);

      await clock.tick(1 + 10 * MINUTE_MS);

      const errors = test.recorded.messages('error');
      assert.equal(errors[0], 'the workload certificate has expired and cannot be replaced: down');
      assert.ok(errors.length >= 9 && errors.length <= 11, `${errors.length} in ten minutes`);
      assert.equal(test.keeper.valid, undefined);
    });

    it('replaces the certificate within one wait after it is back, also an expired one', async () => {
      const test = kept(clock);
      await start(test);
      test.issuing.down = 'down';
      await clock.tick(2 * HOUR_MS);

      test.issuing.down = undefined;
      await clock.tick(MINUTE_MS);

      assert.equal(test.used.length, 2);
      assert.equal(test.keeper.lastError, undefined);
    });

    it('waits no longer because somebody else asks in between', async () => {
      const test = kept(clock);
      test.issuing.down = 'down';
      await start(test);

      for (let i = 0; i < 20; i++) await assert.rejects(test.keeper.renew());
      const before = test.issuing.requestsMs.length;
      await clock.tick(500);

      assert.equal(test.issuing.requestsMs.length, before + 1);
    });

    it('counts what became of replacements, and only of those', async () => {
      const test = kept(clock);
      test.issuing.down = 'down';
      await start(test);
      test.issuing.down = undefined;
      await clock.tick(500);
      assert.deepEqual(test.keeper.rotations, { success: 0, failure: 0 });

      await clock.tick(HOUR_MS / 2);
      test.issuing.down = 'down';
      await assert.rejects(test.keeper.renew());

      assert.deepEqual(test.keeper.rotations, { success: 1, failure: 1 });
      assert.equal(test.keeper.lastError, 'down');
    });
  });

  describe('given a certificate that is not valid yet', () => {
    it('uses it when it begins, and the old one until then', async () => {
      const test = kept(clock);
      await start(test);
      test.issuing.aheadMs = 10 * MINUTE_MS;

      await clock.tick(HOUR_MS / 2);
      assert.equal(test.issuing.requestsMs.length, 2);
      await clock.tick(10 * MINUTE_MS - 1);
      assert.equal(test.keeper.valid?.serial, '1');
      await clock.tick(1);

      assert.equal(test.keeper.valid?.serial, '2');
      assert.deepEqual(test.used, ['1', '2']);
      assert.equal(test.issuing.requestsMs.length, 2, 'it is not asked for again');
    });

    it('uses it when the old one ends, if that is before', async () => {
      const test = kept(clock);
      await start(test);
      test.issuing.aheadMs = 45 * MINUTE_MS;

      await clock.tick(HOUR_MS);

      assert.equal(test.keeper.valid?.serial, '2');
    });

    it('uses it at once when it begins within two minutes, or is the only one', async () => {
      const test = kept(clock);
      test.issuing.aheadMs = HOUR_MS;
      await start(test);
      assert.deepEqual(test.used, ['1']);

      test.issuing.aheadMs = 2 * MINUTE_MS;
      await test.keeper.renew();

      assert.deepEqual(test.used, ['1', '2']);
    });
  });

  describe('when the wall clock jumps', () => {
    it('back an hour, rotates when the time has really passed', async () => {
      const test = kept(clock);
      await start(test);

      clock.jump(-HOUR_MS);
      await clock.tick(HOUR_MS / 2);

      assert.deepEqual(test.used, ['1', '2']);
    });

    it('back an hour, uses at once what begins now by the clock of the CA', async () => {
      const test = kept(clock);
      await start(test);

      clock.jump(-HOUR_MS);
      test.issuing.aheadMs = HOUR_MS;
      await clock.tick(HOUR_MS / 2);

      assert.equal(test.keeper.valid?.serial, '2');
      assert.deepEqual(test.used, ['1', '2']);
    });

    it('forwards over the rotation, rotates within a minute', async () => {
      const test = kept(clock);
      test.issuing.lifetimeMs = 4 * HOUR_MS;
      await start(test);
      await clock.tick(70 * MINUTE_MS);

      clock.jump(HOUR_MS);
      await clock.tick(MINUTE_MS);

      assert.deepEqual(test.used, ['1', '2']);
    });

    it('forwards but not that far, rotates at the new time', async () => {
      const test = kept(clock);
      test.issuing.lifetimeMs = 4 * HOUR_MS;
      await start(test);

      clock.jump(HOUR_MS);
      await clock.tick(HOUR_MS - 1);
      assert.deepEqual(test.used, ['1']);
      await clock.tick(1);

      assert.deepEqual(test.used, ['1', '2']);
    });
  });

  it('keeps nothing of what it has replaced: memory is flat over 10,000 rotations', async () => {
    const test = kept(clock, HALF, { log: plainLog(() => undefined), onNew: () => undefined });
    test.issuing.lifetimeMs = 2000;
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heapAfter = async (rotations: number): Promise<number> => {
      await clock.tick(rotations * 1000);
      for (let i = 0; i < 3; i++) {
        collect();
        await turns(); // what the collector found is let go of in the turns that follow
      }
      return process.memoryUsage().heapUsed;
    };
    await start(test);
    const before = await heapAfter(2000);

    const after = await heapAfter(10_000);

    assert.equal(test.keeper.rotations.success, 12_000);
    assert.ok(after - before < 2_000_000, `${after - before} bytes more`);
  }).timeout(60_000);
});
