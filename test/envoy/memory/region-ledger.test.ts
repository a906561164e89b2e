import { deepEqual } from 'node:assert/strict';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { regionLedger, type RegionLedger } from '../../../src/envoy/memory/region-ledger.ts';
import { regionPath } from '../../../src/envoy/memory/shared-memory.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

/** A book, and a machine with regions, sockets and processes of its own. */
class Machine implements AsyncDisposable {
  readonly #folder: TemporaryDirectory;
  readonly ledger: RegionLedger;

  private constructor(folder: TemporaryDirectory) {
    this.#folder = folder;
    const [memory, sockets, processes] = ['shm', 'unix', 'proc'].map((name) => this.path(name));
    if (!memory || !sockets || !processes) throw new Error('unreachable');
    this.ledger = regionLedger(this.path('book.json'), { memory, sockets, processes });
  }

  static async make(): Promise<Machine> {
    const machine = new Machine(await temporaryDirectory());
    for (const name of ['shm', 'proc/7']) await mkdir(machine.path(name), { recursive: true });
    await writeFile(machine.path('unix'), '');
    await writeFile(machine.path('proc/7/maps'), '');
    return machine;
  }

  path(name: string): string {
    return join(this.#folder.path, name);
  }

  region(baseId: number): string {
    return regionPath(this.path('shm'), baseId);
  }

  /** Regions of base ids, all noted. */
  async noted(...baseIds: readonly number[]): Promise<void> {
    for (const baseId of baseIds) {
      await writeFile(this.region(baseId), '');
      await this.ledger.add(baseId);
    }
  }

  regions(): Promise<string[]> {
    return readdir(this.path('shm'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#folder.remove();
  }
}

describe('regionLedger', () => {
  it('removes what was noted and is not used any more, once', async () => {
    await using machine = await Machine.make();
    await machine.noted(5, 6);

    deepEqual(await machine.ledger.sweep(), [machine.region(5), machine.region(6)]);

    deepEqual(await machine.regions(), []);
    deepEqual(await machine.ledger.sweep(), []);
    deepEqual((await readdir(machine.path('.'))).includes('book.json'), false);
  });

  it('does not touch what it has not noted', async () => {
    await using machine = await Machine.make();
    await writeFile(machine.region(5), '');

    deepEqual(await machine.ledger.sweep(), []);

    deepEqual(await machine.regions(), ['envoy_shared_memory_50']);
  });

  it('does not touch another file of the same name', async () => {
    await using machine = await Machine.make();
    await machine.noted(5);
    await rename(machine.region(5), machine.path('other')); // so that its inode number does not get free
    await writeFile(machine.region(5), 'of another Envoy');

    deepEqual(await machine.ledger.sweep(), []);

    deepEqual(await machine.regions(), ['envoy_shared_memory_50']);
  });

  it('keeps a region whose sockets are there, and removes it when they are gone', async () => {
    await using machine = await Machine.make();
    await machine.noted(5);
    await writeFile(machine.path('unix'), '@envoy_domain_socket_parent_51@@@\n');
    deepEqual(await machine.ledger.sweep(), []);

    await writeFile(machine.path('unix'), '');

    deepEqual(await machine.ledger.sweep(), [machine.region(5)]);
  });

  it('keeps a region that a process has mapped', async () => {
    await using machine = await Machine.make();
    await machine.noted(5);
    await writeFile(machine.path('proc/7/maps'), `7f00-7f01 rw-s 0 00:1b 9    ${machine.region(5)}\n`);

    deepEqual(await machine.ledger.sweep(), []);
  });

  it('takes a damaged book for an empty one', async () => {
    await using machine = await Machine.make();
    await writeFile(machine.path('book.json'), '[{"baseId":"5"}, 7, ');

    deepEqual(await machine.ledger.sweep(), []);
  });

  it('forgets everything at an orderly end', async () => {
    await using machine = await Machine.make();
    await machine.noted(5);

    await machine.ledger.clear();

    deepEqual(await machine.ledger.sweep(), []);
  });
});
