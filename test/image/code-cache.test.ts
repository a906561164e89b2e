import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bundle } from '../../image/bundle.ts';
import { writeCodeCache } from '../../image/code-cache.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const CODE_CACHE = join(import.meta.dirname, '../../image/code-cache.ts');

let temporary: TemporaryDirectory;

/** In a process of its own: V8's flags, which tests may change, decide whether it takes a cache. */
function check(): { readonly status: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [CODE_CACHE, temporary.path, '--check'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { status, stderr };
}

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

    deepEqual(check(), { status: 0, stderr: '' });
    deepEqual(version(), { status: 0, debug: 'code cache taken\n' });
  });

  it('is refused by name when it is not of this bundle, and the launcher starts all the same', async () => {
    await appendFile(join(temporary.path, 'agent.cjs'), '\n');

    equal(check().status, 1);
    match(check().stderr, /^Node 24\S* \(V8 .*\) does not take the code cache of .*\n$/);
    equal(version().status, 0);
    match(version().debug, /not taken/);
  });
});
