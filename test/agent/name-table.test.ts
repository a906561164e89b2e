import { deepEqual, rejects } from 'node:assert/strict';

import { nameTableHandler } from '../../src/agent/name-table.ts';
import { recordingLog } from '../support/recording-log.ts';

const TABLE = Buffer.from('a table');

describe('nameTableHandler', () => {
  it('is done with a table when that counts', async () => {
    const given: Uint8Array[] = [];
    const counts = Promise.withResolvers<void>();
    const setNameTable = (bytes: Uint8Array): Promise<void> => {
      given.push(bytes);
      return counts.promise;
    };
    const events: string[] = [];

    const done = nameTableHandler(
      { setNameTable },
      recordingLog().log,
    )(TABLE).then(() => events.push('done'));
    await new Promise(setImmediate);
    events.push('counts');
    counts.resolve();
    await done;

    deepEqual(events, ['counts', 'done']);
    deepEqual(given, [TABLE]);
  });

  it('refuses what cannot be read, and says why', async () => {
    const problem = new Error('a text is not valid UTF-8');
    const { log, messages } = recordingLog();

    await rejects(nameTableHandler({ setNameTable: () => Promise.reject(problem) }, log)(TABLE), problem);

    deepEqual(messages('error'), ['failed to unmarshal name table: a text is not valid UTF-8']);
  });
});
