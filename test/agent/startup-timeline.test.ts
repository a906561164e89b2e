import { deepEqual, equal } from 'node:assert/strict';

import * as fc from 'fast-check';

import { StartupTimeline, type StartupErrand, type StartupStep } from '../../src/agent/startup-timeline.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';

const LOADING_MS = 150;

/** A time line whose process started a moment ago. */
class Start {
  readonly clock = new FakeClock();
  readonly recorded = recordingLog();
  readonly timeline: StartupTimeline;

  constructor() {
    const processStartMs = this.clock.now() - LOADING_MS;
    this.timeline = new StartupTimeline({ clock: this.clock, log: this.recorded.log, processStartMs });
  }

  async after(ms: number, step: StartupStep): Promise<void> {
    await this.clock.tick(ms);
    this.timeline.reached(step);
  }
}

const STEPS: readonly StartupStep[] = [
  'load',
  'configuration',
  'modules',
  'preparation',
  'bootstrap',
  'spawn',
  'cds',
  'lds',
  'live',
];

describe('StartupTimeline', () => {
  it('measures the first step from the start of the process, and each other one from the end of the one before', async () => {
    const start = new Start();

    await start.after(10, 'load');
    await start.after(20, 'configuration');
    await start.after(300, 'ready');

    deepEqual(start.timeline.report(), {
      processStart: '2025-12-31T23:59:59.850Z',
      ready: true,
      totalMs: 480,
      parts: [
        { name: 'load', ms: 160 },
        { name: 'configuration', ms: 20 },
        { name: 'ready', ms: 300 },
      ],
      beside: [],
    });
  });

  it('tells token and certificate with their beginnings, beside the sum', async () => {
    const start = new Start();
    start.timeline.reached('load');
    start.timeline.begun('csr');
    await start.clock.tick(5);
    start.timeline.begun('token');
    await start.clock.tick(2);
    start.timeline.done('token');
    await start.after(30, 'spawn');
    start.timeline.done('csr');

    const { parts, beside, totalMs } = start.timeline.report();

    deepEqual(beside, [
      { name: 'csr', startMs: 150, ms: 37 },
      { name: 'token', startMs: 155, ms: 2 },
    ]);
    deepEqual(parts, [
      { name: 'load', ms: 150 },
      { name: 'spawn', ms: 37 },
    ]);
    equal(totalMs, 187);
  });

  it('counts the first beginning and the first success of an errand, also after ready', async () => {
    const start = new Start();
    start.timeline.begun('csr');
    await start.after(10, 'ready');
    start.timeline.begun('csr');
    deepEqual(start.timeline.report().beside, []);
    await start.clock.tick(10);
    start.timeline.done('csr');
    await start.clock.tick(10);

    start.timeline.done('csr');
    start.timeline.done('token'); // never begun

    deepEqual(start.timeline.report().beside, [{ name: 'csr', startMs: 150, ms: 20 }]);
  });

  it('ignores a step that is reached again, as by another epoch, and all after ready', async () => {
    const start = new Start();
    await start.after(1, 'spawn');
    await start.after(2, 'spawn');
    await start.after(3, 'ready');

    await start.after(4, 'live');
    await start.after(5, 'ready');

    const { parts, totalMs } = start.timeline.report();
    deepEqual(parts, [
      { name: 'spawn', ms: 151 },
      { name: 'ready', ms: 5 },
    ]);
    equal(totalMs, 156);
  });

  it('logs one line, when it is ready', async () => {
    const start = new Start();
    start.timeline.begun('csr');
    await start.after(0, 'load');
    start.timeline.done('csr');
    deepEqual(start.recorded.messages(), []);

    await start.after(30, 'ready');
    await start.after(30, 'ready');

    deepEqual(start.recorded.messages('info'), [
      'Ready 180 ms after the start: load 150, ready 30; beside these csr 0 from 150 on',
    ]);
  });

  it('shows how far a start has come that is not over', async () => {
    const start = new Start();
    deepEqual(start.timeline.report().parts, []);

    await start.after(10, 'load');

    const { ready, totalMs } = start.timeline.report();
    deepEqual({ ready, totalMs }, { ready: false, totalMs: 160 });
  });

  it('has parts that add up, whatever happens, in whatever order, at whatever fraction of a millisecond', () => {
    const event = fc.record({
      afterMs: fc.double({ min: 0, max: 5000, noNaN: true }),
      what: fc.constantFrom<StartupStep | StartupErrand>(...STEPS, 'token', 'csr', 'ready'),
      ends: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        let nowMs = 0.4;
        const clock = { now: () => 1000 + nowMs, monotonicMs: () => nowMs };
        const timeline = new StartupTimeline({ clock, log: recordingLog().log, processStartMs: 900 });

        for (const { afterMs, what, ends } of events) {
          nowMs += afterMs;
          if (what !== 'token' && what !== 'csr') timeline.reached(what);
          else if (ends) timeline.done(what);
          else timeline.begun(what);
        }

        const { parts, beside, totalMs } = timeline.report();
        equal(
          parts.reduce((sum, { ms }) => sum + ms, 0),
          totalMs,
        );
        equal([...parts, ...beside].filter(({ ms }) => ms < 0).length, 0);
      }),
    );
  });
});
