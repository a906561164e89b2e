import { deepEqual, equal } from 'node:assert/strict';

import { BaseIds } from '../../../src/envoy/memory/base-ids.ts';
import type { SharedMemory } from '../../../src/envoy/memory/shared-memory.ts';
import { recordingLog } from '../../support/recording-log.ts';

/** Free ids in turn, and what was removed. */
function subject(wanted?: number, stuck?: number) {
  const unlinked: number[] = [];
  const noted: number[] = [];
  let next = 100;
  const memory: SharedMemory = {
    unusable: async () => undefined,
    freeBaseId: async () => (next += 1),
    flag: async () => 'clear',
    repair: async () => 'clear',
    unlink: async (baseId) => {
      if (baseId === stuck) throw new Error('not permitted');
      unlinked.push(baseId);
    },
  };
  const ledger = {
    add: async (baseId: number) => void noted.push(baseId),
    sweep: async () => [],
    clear: async () => void noted.splice(0),
  };
  const { log } = recordingLog();
  return { baseIds: new BaseIds({ memory, ledger, log, random: () => 0.5 }, wanted), unlinked, noted };
}

describe('BaseIds', () => {
  it('keeps its id for a start when nothing is left of the line before', async () => {
    const { baseIds } = subject();

    deepEqual([await baseIds.choose(false), await baseIds.choose(false)], [101, 101]);
  });

  it('takes another id beside an Envoy that still drains', async () => {
    const { baseIds } = subject();
    await baseIds.choose(false);

    equal(await baseIds.choose(true), 102);
    equal(baseIds.current, 102);
  });

  it('takes the wanted id for the first line only', async () => {
    const { baseIds } = subject(7);

    deepEqual([await baseIds.choose(false), await baseIds.choose(true)], [7, 101]);
  });

  it('removes the regions of all its lines in the end, not that of an id it gave up', async () => {
    const { baseIds, unlinked, noted } = subject(7);
    await baseIds.choose(false);
    baseIds.giveUp();
    await baseIds.choose(false);
    await baseIds.remember();
    await baseIds.choose(true);
    deepEqual(noted, [101]);

    await baseIds.clear();

    deepEqual(unlinked, [101, 102]);
    deepEqual(noted, []);
  });

  it('removes the others when one cannot be removed', async () => {
    const { baseIds, unlinked, noted } = subject(undefined, 101);
    await baseIds.choose(false);
    await baseIds.remember();
    await baseIds.choose(true);

    await baseIds.clear();

    deepEqual([unlinked, noted], [[102], []]);
  });
});
