import { deepEqual, equal, match } from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { sharedMemory } from '../../../src/envoy/memory/shared-memory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const NO_SOCKETS = '/dev/null';

interface Layout {
  /** What the region says of itself. */
  readonly size: number;
  readonly version: bigint;
  /** What it really has. */
  readonly bytes: number;
}

/** A region as Envoy writes it, filled with other data. */
function region(flags: bigint, changes: Partial<Layout> = {}): Buffer {
  const { size, version, bytes } = { size: 104, version: 11n, bytes: changes.size ?? 104, ...changes };
  const content = Buffer.alloc(bytes, 0xaa);
  content.writeBigUInt64LE(BigInt(size), 0);
  content.writeBigUInt64LE(version, 8);
  if (bytes >= size) content.writeBigUInt64LE(flags, size - 8);
  return content;
}

describe('sharedMemory', () => {
  it('clears the initializing bit, and nothing else', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'envoy_shared_memory_770');
    await writeFile(path, region(0b101n));
    const memory = sharedMemory(folder.path);
    equal(await memory.flag(77), 'initializing');

    equal(await memory.repair(77), 'clear');

    deepEqual(await readFile(path), region(0b100n));
  });

  it('finds the flags where the region says it ends', async () => {
    await using folder = await temporaryDirectory();
    await writeFile(join(folder.path, 'envoy_shared_memory_770'), region(1n, { size: 120 }));

    equal(await sharedMemory(folder.path).repair(77), 'clear');
  });

  for (const [what, content] of [
    ['of another version', region(1n, { version: 12n })],
    ['shorter than it says', region(1n, { size: 104, bytes: 100 })],
    ['too large to be one', region(1n, { size: 8192 })],
    ['of a few bytes', Buffer.from('x')],
  ] as const) {
    it(`does not touch a region ${what}`, async () => {
      await using folder = await temporaryDirectory();
      const path = join(folder.path, 'envoy_shared_memory_770');
      await writeFile(path, content);
      const memory = sharedMemory(folder.path);

      deepEqual([await memory.flag(77), await memory.repair(77)], ['unknown', 'unknown']);

      deepEqual(await readFile(path), content);
    });
  }

  it('knows nothing of a region that is not there, and removes it without complaint', async () => {
    await using folder = await temporaryDirectory();
    const memory = sharedMemory(folder.path);

    equal(await memory.repair(77), 'unknown');
    await memory.unlink(77);
  });

  it('leaves the region of an Envoy that has its sockets', async () => {
    await using folder = await temporaryDirectory();
    const sockets = join(folder.path, 'unix');
    const paths = [770, 780].map((name) => join(folder.path, `envoy_shared_memory_${name}`));
    for (const path of paths) await writeFile(path, region(0n));
    await writeFile(sockets, '@envoy_domain_socket_parent_770@@@\n');
    const memory = sharedMemory(folder.path, sockets);

    await memory.unlink(77);
    await memory.unlink(78);

    deepEqual((await readdir(folder.path)).toSorted(), ['envoy_shared_memory_770', 'unix']);
  });

  it('is usable where a file can be written, and says why it is not elsewhere', async () => {
    await using folder = await temporaryDirectory();

    equal(await sharedMemory(folder.path).unusable(), undefined);
    match((await sharedMemory('/nonexistent').unusable()) ?? '', /ENOENT/);
  });

  describe('freeBaseId', () => {
    /** Random numbers that lead to these base ids, in turn. */
    const leadingTo = (...ids: number[]): (() => number) => {
      const left = [...ids];
      return () => ((left.shift() ?? 1) - 0.5) / 65_535;
    };

    it('passes over ids with a region or a socket', async () => {
      await using folder = await temporaryDirectory();
      const sockets = join(folder.path, 'unix');
      await writeFile(join(folder.path, 'envoy_shared_memory_50'), '');
      await writeFile(sockets, '@envoy_domain_socket_parent_62@@@\n@envoy_domain_socket_child_700@@\n');

      const baseId = await sharedMemory(folder.path, sockets).freeBaseId(leadingTo(5, 6, 70, 7));

      equal(baseId, 7);
    });

    it('is within 1 and 65535, never 0', async () => {
      await using folder = await temporaryDirectory();
      const memory = sharedMemory(folder.path, NO_SOCKETS);

      equal(await memory.freeBaseId(() => 0), 1);
      equal(await memory.freeBaseId(() => 1 - Number.EPSILON), 65_535);
    });
  });
});
