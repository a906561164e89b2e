import { deepEqual, equal, match } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { serveGrpcSocket, type GrpcSocketServer } from '../../src/runtime/grpc.ts';
import { SocketListener } from '../../src/sds/socket-listener.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog, type RecordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { chainOf, Serving, until } from './serving.ts';

const SECOND_MS = 1000;

describe('SocketListener', () => {
  let directory: TemporaryDirectory;
  let path: string;
  let clock: FakeClock;
  let recorded: RecordingLog;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'parent/socket');
    clock = new FakeClock();
    recorded = recordingLog();
  });
  afterEach(() => directory.remove());

  const open = (): Promise<GrpcSocketServer> =>
    serveGrpcSocket({ path, mode: 0o666, options: {}, register: () => undefined });
  const listen = (): Promise<SocketListener> =>
    SocketListener.start({ path, open, clock, log: recorded.log });

  async function waitOut(seconds: number): Promise<void> {
    await until(() => clock.sleepers > 0);
    await clock.tick(seconds * SECOND_MS);
    await until(() => clock.sleepers > 0);
  }

  it('tries again with growing waits, says why once and that it failed once, and goes on all the same', async () => {
    await mkdir(path, { recursive: true }); // nothing can be bound there

    await using listener = await listen();
    for (const seconds of [1, 2, 4, 8]) await waitOut(seconds);
    equal(recorded.messages('warn').length, 1);
    await waitOut(16);

    equal(listener.listening, false);
    match(recorded.messages('warn')[0] ?? '', /^SDS grpc server is not started yet, trying again: .*EISDIR/);
    equal(recorded.messages('warn')[1], `SDS grpc server could not be started: ${path} cannot be served yet`);
    await rm(path, { recursive: true });
    await waitOut(16);
    equal(listener.listening, true);
    equal(recorded.messages('warn').length, 2);
  });

  it('opens at a later try when what was in the way has gone', async () => {
    await writeFile(dirname(path), 'a file where the directory should be');

    await using listener = await listen();
    equal(listener.listening, false);
    await rm(dirname(path));
    await waitOut(1);

    equal(listener.listening, true);
    equal(existsSync(path), true);
  });

  it('tries no more after the close', async () => {
    await mkdir(path, { recursive: true });
    const listener = await listen();

    await listener.close();
    await listener.close();

    deepEqual([clock.sleepers, recorded.messages('warn').length], [0, 1]);
  });

  it('listens again within two seconds where the socket was removed, and says so in one line', async () => {
    await using listener = await listen();

    await rm(path);
    await waitOut(2);
    await waitOut(2);

    equal((await stat(path)).isSocket(), true);
    equal(listener.listening, true);
    deepEqual(recorded.messages(), [`the SDS socket ${path} was removed; listening there again`]);
  });

  it('comes back when the whole directory was removed', async () => {
    await using _listener = await listen();

    await rm(dirname(path), { recursive: true });
    await waitOut(2);

    equal((await stat(path)).isSocket(), true);
    equal((await stat(dirname(path))).mode & 0o777, 0o750);
  });

  it('tries until it is back when the socket cannot be made at once', async () => {
    await using listener = await listen();

    await rm(dirname(path), { recursive: true });
    await writeFile(dirname(path), 'a file where the directory was');
    await waitOut(2);
    equal(listener.listening, false);
    await rm(dirname(path));
    await waitOut(1);

    equal(listener.listening, true);
  });

  it("leaves another server's socket that has taken its place, also at the close, and says so once", async () => {
    const listener = await listen();

    await using _other = await open();
    const { ino } = await stat(path);
    await waitOut(2);
    await waitOut(2);
    await listener.close();

    equal((await stat(path)).ino, ino);
    deepEqual(recorded.messages('warn'), [`another server has taken the SDS socket ${path}; it keeps it`]);
  });

  it('warns of a directory in which everybody can replace the socket', async () => {
    await mkdir(dirname(path));
    for (const mode of [0o777, 0o1777, 0o750]) {
      await chmod(dirname(path), mode);
      await (await listen()).close();
    }

    deepEqual(recorded.messages(), [
      `anybody can replace the SDS socket: everyone may write into ${dirname(path)}; ` +
        'give it mode 0750, or its sticky bit',
    ]);
  });

  it('keeps the streams it had, which are served like those that come to the new socket', async () => {
    await using serving = await Serving.start();
    const before = serving.connect();
    await before.get('default');

    await rm(serving.socketPath);
    await serving.clock.tick(2 * SECOND_MS);
    await until(() => existsSync(serving.socketPath));
    const after = serving.connect();
    await after.get('default');
    serving.secrets.setCertificate('2');
    serving.secrets.announce('default');

    const pushes = await Promise.all([before, after].map((client) => client.responses.next()));
    deepEqual(pushes.map(chainOf), ['chain 2', 'chain 2']);
  });
});
