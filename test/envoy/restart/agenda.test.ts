import { equal } from 'node:assert/strict';

import { Agenda, type AgendaDeps, type Event } from '../../../src/envoy/restart/agenda.ts';
import { Condition } from '../../../src/envoy/condition.ts';
import type { Epoch } from '../../../src/envoy/process/epoch.ts';
import { RestartPace } from '../../../src/envoy/restart/restart-pace.ts';
import { DEFAULT_TIMING } from '../../../src/envoy/settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const NEVER_ABORTS = new AbortController().signal;
const SERVING = { alive: true, doomed: false, adminLost: false, repairable: true };
const REQUEST = { reasons: ['test'], ifChanged: false, force: false, notBeforeMs: 0 };

interface Scene {
  readonly epoch?: Partial<typeof SERVING>;
  readonly requested?: boolean;
  /** Another Envoy, or none, is the active one. */
  readonly replaced?: boolean;
  readonly settled?: AbortSignal;
}

/** @returns undefined when there is nothing to do now */
async function next(scene: Scene): Promise<Event | undefined> {
  const clock = new FakeClock();
  const epoch = { ...SERVING, ...scene.epoch } as unknown as Epoch;
  const roster = {
    active: scene.replaced ? undefined : epoch,
    draining: [],
    changed: new Condition(clock),
  } as unknown as AgendaDeps['roster'];
  const requests = { waiting: scene.requested ? REQUEST : undefined } as unknown as AgendaDeps['requests'];
  const agenda = new Agenda({ clock, roster, requests, pace: new RestartPace(clock, 0) }, DEFAULT_TIMING);
  let event: Event | undefined;
  void agenda.next(epoch, NEVER_ABORTS, scene.settled ?? NEVER_ABORTS).then((found) => (event = found));
  await new Promise(setImmediate);
  return event;
}

describe('Agenda', () => {
  it('has nothing for an Envoy that serves and of which nobody wants anything', async () => {
    equal(await next({}), undefined);
  });

  it('carries out a request, unless no Envoy is to be replaced any more', async () => {
    equal(await next({ requested: true }), 'restart');
    equal(await next({ requested: true, settled: AbortSignal.abort() }), undefined);
  });

  it('leaves an Envoy whose parent died early to its end', async () => {
    equal(await next({ requested: true, epoch: { doomed: true } }), undefined);
  });

  it('sees that an Envoy has ended, and that one which drains is not the active one though nobody is', async () => {
    equal(await next({ epoch: { alive: false } }), 'exited');
    equal(await next({ replaced: true }), 'exited');
  });
});
