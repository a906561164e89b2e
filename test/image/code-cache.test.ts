import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bundle } from '../../image/bundle.ts';
import { checkCodeCache, writeCodeCache } from '../../image/code-cache.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

let temporary: TemporaryDirectory;

function version(): { readonly status: number | null; readonly debug: string } {
  const env = { PATH: process.env['PATH'], NODE_DEBUG: 'agent' };
  const { status, stderr } = spawnSync(process.execPath, [join(temporary.path, 'agent'), 'version'], {
    encoding: 'utf8',
    env,
  });
  return { status, debug: stderr.replace(/^AGENT \d+: /, '') };
}

describe('the code cache', () => {
  before(async () => {
    temporary = await temporaryDirectory();
    await bundle(temporary.path);
  });
  after(() => temporary.remove());

  it('is optional: without one, the launcher compiles the bundle', () => {
    deepEqual(version(), { status: 0, debug: 'code cache not taken\n' });
  });

  it('is taken by the Node that made it', async () => {
    await writeCodeCache(temporary.path);

    await checkCodeCache(temporary.path);
    deepEqual(version(), { status: 0, debug: 'code cache taken\n' });
  });

  it('is refused by name when it is not of this bundle, and the launcher starts all the same', async () => {
    await appendFile(join(temporary.path, 'agent.cjs'), '\n');

    await rejects(
      checkCodeCache(temporary.path),
      /^Error: Node 24\S* \(V8 .*\) does not take the code cache of /,
    );
    equal(version().status, 0);
    match(version().debug, /not taken/);
  });
});
