// Folders that hold key, chain and root under the names of the mesh, each put in the place of each other: every part
// that differs is told of once, and served.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FileWorld } from '../../security/files/file-world.ts';
import type { ConformanceCase } from '../case.ts';

const NAMES = ['key.pem', 'cert-chain.pem', 'root-cert.pem'] as const;
const PAIR = 'default';
const ROOT = 'ROOTCA';

type Trio = Readonly<Record<(typeof NAMES)[number], string>>;

/** @param folders all of them */
export async function* replacementCases(
  directory: string,
  folders: readonly string[],
): AsyncIterable<ConformanceCase> {
  const trios = new Map<string, Trio>();
  for (const folder of folders) {
    const trio = await trioIn(join(directory, folder));
    if (trio !== undefined) trios.set(folder, trio);
  }
  for (const [old, before] of trios) {
    for (const [name, after] of trios) {
      if (old !== name)
        yield { name: `replaced: ${old} by ${name}`, run: () => checkReplaced(before, after) };
    }
  }
}

async function trioIn(directory: string): Promise<Trio | undefined> {
  try {
    const texts = await Promise.all(NAMES.map((name) => readFile(join(directory, name), 'utf8')));
    return Object.fromEntries(NAMES.map((name, i) => [name, texts[i] ?? ''])) as Trio;
  } catch {
    return undefined; // not a folder of that kind
  }
}

async function checkReplaced(before: Trio, after: Trio): Promise<void> {
  await using world = await FileWorld.create();
  await lay(world, before);
  assert.equal(await world.served(PAIR), before['cert-chain.pem']);
  const oldRoot = await world.served(ROOT);
  await lay(world, after);
  const chainsDiffer = before['cert-chain.pem'] !== after['cert-chain.pem'];
  const rootsDiffer = before['root-cert.pem'] !== after['root-cert.pem'];
  const expected = [...(chainsDiffer ? [PAIR] : []), ...(rootsDiffer ? [ROOT] : [])];
  await world.untilChanges(expected.length);
  assert.deepEqual(world.changes.toSorted(), expected.toSorted());
  assert.equal(await world.served(PAIR), after['cert-chain.pem']);
  assert.equal((await world.served(ROOT)) !== oldRoot, rootsDiffer);
}

/** As a program that renews certificates does it: whole files, the chain after its key. */
async function lay(world: FileWorld, trio: Trio): Promise<void> {
  for (const name of NAMES) await world.replace(join('etc/certs', name), trio[name]);
}
