import { equal, rejects } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { link, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { serveGrpcSocket } from '../../src/runtime/grpc.ts';
import { serverAnswers } from '../../src/sds/socket-probe.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

describe('serverAnswers', () => {
  let directory: TemporaryDirectory;
  let path: string;
  let clock: FakeClock;
  const opened: Server[] = [];
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'socket');
    clock = new FakeClock();
  });
  afterEach(async () => {
    for (const server of opened.splice(0)) server.close();
    await directory.remove();
  });

  const { signal } = new AbortController();
  function probe(
    changes: { removable?: boolean; path?: string; signal?: AbortSignal } = {},
  ): Promise<boolean> {
    const deps = { clock, log: recordingLog().log };
    return serverAnswers({ path, removable: true, ...changes }, deps, changes.signal ?? signal);
  }

  /** Accepts, and says nothing. */
  async function mute(): Promise<Server> {
    const server = createServer(() => undefined);
    opened.push(server);
    await new Promise<void>((listening) => {
      server.listen(path, listening);
    });
    return server;
  }

  /** A socket file that nobody listens at: the process died. */
  async function dead(): Promise<void> {
    const server = createServer().listen(path);
    await new Promise((listening) => server.once('listening', listening));
    const kept = join(directory.path, 'kept');
    await link(path, kept);
    await new Promise((closed) => server.close(closed));
    await rename(kept, path);
  }

  it('finds a gRPC server, through a link as well, and leaves it alone', async () => {
    await using _server = await serveGrpcSocket({
      path,
      mode: 0o666,
      options: {},
      register: () => undefined,
    });
    const alias = join(directory.path, 'alias');
    await symlink(path, alias);

    equal(await probe(), true);
    equal(await probe({ path: alias }), true);
    equal(existsSync(path), true);
    equal(clock.sleepers, 0);
  });

  it('finds nobody where nothing is, or a regular file', async () => {
    equal(await probe(), false);

    await writeFile(path, '');
    equal(await probe(), false);
    equal(existsSync(path), true);
  });

  it('removes a dead socket without waiting', async () => {
    await dead();

    equal(await probe(), false);

    equal(existsSync(path), false);
  });

  it('leaves a dead socket that is not ours to remove', async () => {
    await dead();

    equal(await probe({ removable: false }), false);

    equal(existsSync(path), true);
  });

  it('gives one second to a server that says nothing', async () => {
    const server = await mute();
    const connected = new Promise((resolve) => server.once('connection', resolve));

    const answer = probe();
    await connected;
    await clock.tick(999);
    equal(existsSync(path), true);
    await clock.tick(1);

    equal(await answer, false);
    equal(existsSync(path), false);
  });

  it('says that what is dead cannot be removed', async () => {
    await mkdir(path); // no socket and no regular file

    await rejects(probe(), /^AgentError: existing SDS socket could not be removed: /);
  });

  it('removes nothing when the agent is told to end meanwhile', async () => {
    const server = await mute();
    const stop = new AbortController();
    const connected = new Promise((resolve) => server.once('connection', resolve));

    const answer = probe({ signal: stop.signal });
    await connected;
    stop.abort(new Error('told to end'));

    await rejects(answer, /told to end/);
    equal(existsSync(path), true);
  });
});
