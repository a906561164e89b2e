import { deepEqual, equal, rejects } from 'node:assert/strict';

import { NameTableUpdates } from '../../src/agent/name-table.ts';
import type { PackedNameTable } from '../../src/dns/packed-name-table.ts';
import { packedBytes } from '../dns/support/packed.ts';
import { recordingLog } from '../support/recording-log.ts';

/** Answers from the tables it was given last; takes as long over one as the test says. */
class Names {
  readonly began: string[] = [];
  readonly used: string[] = [];
  work: Promise<void> = Promise.resolve();

  readonly setNameTable = async (hosts: PackedNameTable): Promise<void> => {
    const { name } = hosts.at(0);
    this.began.push(name);
    await this.work;
    this.used.push(name);
  };
}

function table(host: string): Buffer {
  return packedBytes({ [host]: { ips: ['1.1.1.1'] } });
}

describe('NameTableUpdates', () => {
  it('gives on what it takes, and resolves when that counts', async () => {
    const names = new Names();
    const updates = new NameTableUpdates(names, recordingLog().log);

    await updates.take(table('a'));
    await updates.take(table('b'));

    deepEqual(names.used, ['a', 'b']);
  });

  it('begins with a table only when the one before is done, however long that takes', async () => {
    const names = new Names();
    const updates = new NameTableUpdates(names, recordingLog().log);
    const slow = Promise.withResolvers<void>();
    names.work = slow.promise;

    const first = updates.take(table('a'));
    const second = updates.take(table('b'));
    await new Promise(setImmediate);
    const begun = [...names.began];
    slow.resolve();
    await Promise.all([first, second]);

    deepEqual(begun, ['a']);
    deepEqual(names.used, ['a', 'b']);
  });

  it('refuses what is no table, says why, and takes the next one', async () => {
    const names = new Names();
    const { log, messages } = recordingLog();
    const updates = new NameTableUpdates(names, log);

    const problem = await updates.take(Buffer.from('no table')).catch((error: unknown) => error);
    await rejects(updates.take(Buffer.from([0x0a, 3, 0x0a, 1, 0xff])), {
      message: 'a text is not valid UTF-8',
    });
    await updates.take(table('a'));

    deepEqual(messages('error'), [
      `failed to unmarshal name table: ${(problem as Error).message}`,
      'failed to unmarshal name table: a text is not valid UTF-8',
    ]);
    equal(names.used.length, 1);
  });
});
