import { deepEqual, rejects } from 'node:assert/strict';

import { CrowdedError, Slots } from '../../../src/status/probes/slots.ts';

const NEVER = new AbortController().signal;

describe('Slots', () => {
  it('gives turns in order of arrival', async () => {
    const slots = new Slots(1, 9);
    const turns: number[] = [];
    await slots.take(NEVER);
    const waiting = [1, 2, 3].map((n) => slots.take(NEVER).then(() => turns.push(n)));

    slots.release();
    await waiting[0];
    deepEqual(turns, [1]);
    slots.release();
    slots.release();
    await Promise.all(waiting);

    deepEqual(turns, [1, 2, 3]);
  });

  it('turns away who finds too many waiting', async () => {
    const slots = new Slots(1, 1);
    await slots.take(NEVER);
    const second = slots.take(NEVER);

    await rejects(slots.take(NEVER), CrowdedError);

    slots.release();
    await second;
  });

  it('keeps no turn for who leaves the line', async () => {
    const slots = new Slots(1, 2);
    const leaving = new AbortController();
    await slots.take(NEVER);
    const [second, third] = [slots.take(leaving.signal), slots.take(NEVER)];

    leaving.abort(new Error('gone'));
    await rejects(second, /gone/);
    slots.release();
    await third;
    slots.release();

    await slots.take(NEVER);
  });

  it('gives none to who has left already', async () => {
    const slots = new Slots(1, 0);

    await rejects(slots.take(AbortSignal.abort(new Error('gone'))), /gone/);

    await slots.take(NEVER);
  });
});
