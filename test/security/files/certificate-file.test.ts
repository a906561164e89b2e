// Numbers in titles are those of the list of behaviours in the security specification.

import { equal, rejects } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { hasContent, readCertificateFile } from '../../../src/security/files/certificate-file.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

describe('a file of certificates', () => {
  let folder: TemporaryDirectory;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    path = join(folder.path, 'a.pem');
  });
  afterEach(() => folder.remove());

  const refused = (problem: string): Promise<void> =>
    rejects(readCertificateFile(path), { name: 'CertificateFileError', message: problem });

  it('is read as a whole, through links', async () => {
    await writeFile(join(folder.path, 'target'), 'text\n');
    await symlink('target', path);

    equal(await readCertificateFile(path), 'text\n');
  });

  it('37: that is missing is told in the words of the operating system', async () => {
    await refused(`open ${path}: no such file or directory`);
  });

  it('may have a mebibyte, and no byte more', async () => {
    await writeFile(path, '');
    await truncate(path, 1024 * 1024);
    equal((await readCertificateFile(path)).length, 1024 * 1024);

    await truncate(path, 1024 * 1024 + 1);
    await refused(`${path} is larger than 1048576 bytes`);
  });

  it('is no FIFO, and nobody has to write into it for this to be known', async () => {
    execFileSync('mkfifo', [path]);

    await refused(`${path} is not a regular file`);
  });

  it('is no directory', async () => {
    await mkdir(path);

    await refused(`${path} is not a regular file`);
  });

  it('is not at the end of a loop of links', async () => {
    await symlink('a.pem', path);

    await refused(`open ${path}: too many symbolic links encountered`);
  });

  it('has no name that no file can have', async () => {
    await rejects(readCertificateFile('/a\0b'), { name: 'CertificateFileError' });
  });

  describe('39: counts as there', () => {
    it('when it has content', async () => {
      await writeFile(path, 'x');

      equal(await hasContent(path), true);
    });

    it('not when it is missing, empty, or something else', async () => {
      await writeFile(path, '');

      for (const one of [path, join(folder.path, 'none'), folder.path, '/a\0b']) {
        equal(await hasContent(one), false);
      }
    });
  });
});
