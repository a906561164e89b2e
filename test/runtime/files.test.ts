import { deepEqual, equal, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { readSmallFile, readTextIfExists, writeFileAtomic } from '../../src/runtime/files.ts';

describe('files', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'files-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('replaces content and mode, and leaves no temporary file', async () => {
    const path = join(directory, 'key.pem');
    await writeFileAtomic(path, 'old', 0o644);

    await writeFileAtomic(path, 'new', 0o600);

    equal(await readFile(path, 'utf8'), 'new');
    equal((await stat(path)).mode & 0o777, 0o600);
    deepEqual(await readdir(directory), ['key.pem']);
  });

  it('leaves nothing behind when the target cannot be replaced', async () => {
    await mkdir(join(directory, 'taken', 'inside'), { recursive: true });

    await rejects(writeFileAtomic(join(directory, 'taken'), 'x'), { code: 'EISDIR' });

    deepEqual(await readdir(directory), ['taken']);
  });

  it('reads a missing file as undefined and throws for anything else', async () => {
    equal(await readTextIfExists(join(directory, 'none')), undefined);
    await rejects(readTextIfExists(directory), { code: 'EISDIR' });
  });

  it('reads a small file also over links', async () => {
    const path = join(directory, 'token');
    await writeFile(join(directory, 'real'), 'text');
    await symlink('real', path);

    equal((await readSmallFile(path)).toString(), 'text');
  });

  it('refuses to read FIFOs, devices, directories, link loops and large files as small ones', async () => {
    const path = (name: string): string => join(directory, name);
    await promisify(execFile)('mkfifo', [path('fifo')]);
    await symlink('loop', path('loop'));
    await writeFile(path('large'), Buffer.alloc(1024 * 1024 + 1));

    for (const [name, problem] of [
      ['fifo', /fifo is not a regular file/],
      ['.', /is not a regular file/],
      ['loop', { code: 'ELOOP' }],
      ['large', /large is larger than 1 MiB/],
      ['none', { code: 'ENOENT' }],
    ] as const) {
      await rejects(readSmallFile(path(name)), problem);
    }
  });
});
