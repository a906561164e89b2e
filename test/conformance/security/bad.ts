// `bad`: no file of the folder makes a pair with anything, neither as the chain nor as the key.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { FileWorld } from '../../security/files/file-world.ts';
import type { ConformanceCase } from '../case.ts';
import { belongsTo, type PemFile } from './folder.ts';
import { isAccepted } from './pairs.ts';

/** @param good files of the other folders */
export async function* badCases(
  directory: string,
  folder: string,
  good: readonly PemFile[],
): AsyncIterable<ConformanceCase> {
  const keys = good.filter(({ key }) => key !== undefined);
  const chains = good.filter(({ certificates: [first] }) =>
    keys.some(({ key }) => key !== undefined && belongsTo(key, first)),
  );
  for (const entry of (await readdir(join(directory, folder))).toSorted()) {
    const path = join(directory, folder, entry);
    const text = await readFile(path, 'utf8');
    yield {
      name: `bad: ${join(folder, entry)} fits nothing`,
      run: async () => {
        assert.ok(keys.length > 0 && chains.length > 0, 'nothing to compare it with');
        for (const key of keys) assert.ok(!isAccepted(text, key.text), `with ${key.name}`);
        for (const chain of chains) assert.ok(!isAccepted(chain.text, text), `with ${chain.name}`);
        assert.ok(!isAccepted(text, text), 'with itself');
      },
    };
    const [chain] = chains;
    if (chain !== undefined)
      yield { name: `bad: ${join(folder, entry)} is not served`, run: () => refused(chain, path) };
  }
}

/** Named in a listener, it is an error after the time for tries, and nothing is watched for it. */
async function refused(chain: PemFile, path: string): Promise<void> {
  await using world = await FileWorld.create({ limitMs: 1, retryMs: 1 });
  const asked = world.secrets.get(`file-cert:${chain.path}~${path}`, AbortSignal.timeout(5000));
  await assert.rejects(asked, /with last error: /);
  assert.deepEqual([world.secretFailures, world.changes], [1, []]);
}
