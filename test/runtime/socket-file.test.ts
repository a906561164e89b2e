import { equal, match, rejects, throws } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

import {
  accessDiagnosis,
  bindingPath,
  checkSocketPath,
  makeSocketDirectory,
  placeSocket,
  type SocketFile,
} from '../../src/runtime/socket-file.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('the file of a socket', () => {
  let folder: TemporaryDirectory;
  let path: string;
  let umask: number;
  const opened: Server[] = [];
  beforeEach(async () => {
    folder = await temporaryDirectory();
    path = join(folder.path, 'made/socket');
    umask = process.umask();
  });
  afterEach(async () => {
    process.umask(umask);
    for (const server of opened.splice(0)) server.close();
    await folder.remove();
  });

  async function placed(gid?: number): Promise<SocketFile> {
    await makeSocketDirectory(path);
    const server = createServer();
    opened.push(server);
    await new Promise<void>((listening) => {
      server.listen(bindingPath(path), listening);
    });
    return placeSocket({ path, mode: 0o666, gid });
  }

  it('has the mode asked for, and its new directory 0750, whatever the umask is', async () => {
    process.umask(0o077);

    await placed();

    equal((await stat(path)).mode & 0o777, 0o666);
    equal((await stat(join(folder.path, 'made'))).mode & 0o777, 0o750);
  });

  it('leaves a directory that is there as it is', async () => {
    await mkdir(join(folder.path, 'made'));
    await chmod(join(folder.path, 'made'), 0o711);

    await placed();

    equal((await stat(join(folder.path, 'made'))).mode & 0o777, 0o711);
  });

  it('belongs to the group asked for', async () => {
    const gid = process.geteuid?.() === 0 ? 4711 : process.getegid?.(); // only root gives files away

    await placed(gid);

    equal((await stat(path)).gid, gid);
  });

  it('knows whether it is in its place, and removes only itself', async () => {
    const file = await placed();
    equal(await file.place(), 'own');

    await rm(path);
    equal(await file.place(), 'none');
    await writeFile(path, 'of somebody else');
    equal(await file.place(), 'other');
    await file.remove();

    equal(existsSync(path), true);
  });

  it('is not removed when the server before it closes', async () => {
    await placed();
    await placed();

    await new Promise((closed) => opened.shift()?.close(closed));

    equal(existsSync(path), true);
  });

  it('leaves nothing when it cannot be put in its place', async () => {
    await makeSocketDirectory(path);
    await mkdir(path);
    const server = createServer().listen(bindingPath(path));
    opened.push(server);
    await new Promise((listening) => server.once('listening', listening));

    await rejects(placeSocket({ path, mode: 0o666 }), { code: /EISDIR|ENOTDIR|EEXIST/ });

    equal(existsSync(bindingPath(path)), false);
  });

  it('has a path of at most 107 bytes', () => {
    checkSocketPath('x'.repeat(107));
    throws(() => checkSocketPath('é'.repeat(54)), {
      name: 'AgentError',
      message: 'the path has 108 bytes, a socket allows 107',
    });
  });

  it('that may not be made is explained by who owns the nearest directory', async () => {
    await mkdir(join(folder.path, 'closed'), { mode: 0o700 });
    const refused = Object.assign(new Error('bind EACCES'), { code: 'EACCES' });

    const text = await accessDiagnosis(join(folder.path, 'closed/none/socket'), refused);

    const { uid, gid } = await stat(join(folder.path, 'closed'));
    const us = `uid ${process.geteuid?.()} gid ${process.getegid?.()}`;
    equal(
      text,
      ` (this process is ${us}; ${folder.path}/closed belongs to uid ${uid} gid ${gid}, mode 0700)`,
    );
    match(await accessDiagnosis(path, new Error('no address: [listen EACCES: denied]')), /this process/);
    equal(await accessDiagnosis(path, new Error('ENOSPC')), '');
  });

  it('is not made, and not waited for, when the working directory is gone', async () => {
    const before = process.cwd();
    const gone = join(folder.path, 'gone');
    await mkdir(gone);
    process.chdir(gone);
    try {
      await rm(gone, { recursive: true });

      await rejects(makeSocketDirectory('made/socket'), { code: 'ENOENT' });
    } finally {
      process.chdir(before);
    }
  });
});
