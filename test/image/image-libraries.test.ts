import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstat, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Closure } from '../../image/closure.ts';
import { librariesOf, libraryPaths, missingLibrary } from '../../image/libraries.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const LDD = `\tlinux-vdso.so.1 (0x00007ffd)
\tlibmnl.so.0 => /lib/x86_64-linux-gnu/libmnl.so.0 (0x00007f01)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f02)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f03)
`;

describe('what ldd says', () => {
  it('names the libraries and the loader by their paths', () => {
    deepEqual(libraryPaths(LDD), [
      '/lib/x86_64-linux-gnu/libmnl.so.0',
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  it('names a library that is not there', () => {
    equal(missingLibrary(LDD), undefined);
    equal(missingLibrary(`${LDD}\tlibown.so.1 => not found\n`), 'libown.so.1 => not found');
  });

  it('names a version that a library does not have', () => {
    const line = "/proxy/envoy: /lib/libc.so.6: version `GLIBC_2.99' not found (required by /proxy/envoy)\n";

    equal(missingLibrary(`${line}${LDD}`), "version `GLIBC_2.99' not found (required by /proxy/envoy)");
  });

  it('is not asked about data', async () => {
    deepEqual(await librariesOf(import.meta.filename), []);
  });
});

describe('what a program needs', () => {
  it('is enough to run it in a root of its own', async function () {
    if (process.getuid?.() !== 0) return; // only root may change its root
    await using folder = await temporaryDirectory();
    const closure = new Closure(folder.path);

    await closure.take('/usr/bin/env');

    const { stdout } = await promisify(execFile)('chroot', [folder.path, '/usr/bin/env', 'A=1'], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    ok(stdout.includes('A=1\n'));
  });

  it('has each link on the way, and each file once', async () => {
    await using source = await temporaryDirectory();
    await using target = await temporaryDirectory();
    const closure = new Closure(target.path);
    await writeFile(join(source.path, 'tables-1.2'), 'text');
    await symlink('tables-1.2', join(source.path, 'tables'));
    await symlink(source.path, join(source.path, 'folder'));

    await closure.take(join(source.path, 'folder/tables'));
    await closure.take(join(source.path, 'tables'));

    const copy = join(target.path, source.path);
    deepEqual(
      closure.paths.filter((path) => path.startsWith(source.path)),
      ['folder', 'tables', 'tables-1.2'].map((name) => join(source.path, name)),
    );
    equal(await readlink(join(copy, 'tables')), 'tables-1.2');
    equal(await readFile(join(copy, 'tables-1.2'), 'utf8'), 'text');
    ok((await lstat(join(copy, 'folder'))).isSymbolicLink());
  });

  it('is missed by name', async () => {
    await using target = await temporaryDirectory();

    await rejects(new Closure(target.path).take('/usr/bin/no-such-program'), /no-such-program/);
  });
});
