import { deepEqual, equal, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { access, link, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  Client,
  credentials,
  experimental,
  logVerbosity,
  setLogger,
  setLogVerbosity,
  type Server,
} from '@grpc/grpc-js';

import { bytesMethod, routeGrpcLog, serveGrpcSocket } from '../../src/runtime/grpc.ts';
import { bindingPath } from '../../src/runtime/socket-file.ts';
import { recordingLog } from '../support/recording-log.ts';

describe('serveGrpcSocket', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'grpc-'));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const echo = bytesMethod('/test.Echo/Say', false);
  const register = (server: Server): void =>
    server.addService(
      { say: echo },
      { say: (call: { request: Buffer }, done: (e: null, b: Buffer) => void) => done(null, call.request) },
    );

  it('replaces a stale file, sets the mode, carries bytes unchanged and removes the file at close', async () => {
    const path = join(directory, 'new', 'socket');
    await using first = await serveGrpcSocket({ path, mode: 0o666, options: {}, register });
    await first.close();
    await writeFile(path, 'stale');

    const server = await serveGrpcSocket({ path, mode: 0o666, options: {}, register });
    const mode = (await stat(path)).mode & 0o777;
    const client = new Client(`unix:${path}`, credentials.createInsecure());
    const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
      client.makeUnaryRequest(
        echo.path,
        echo.requestSerialize,
        echo.responseDeserialize,
        Buffer.from([0, 255]),
        (error, value) => (error ? reject(error) : resolve(value)),
      );
    });
    client.close();
    await server.close();

    equal(mode, 0o666);
    equal(answer?.toString('hex'), '00ff');
    await rejects(access(path), { code: 'ENOENT' });
  });

  it('makes what speaks gRPC for the first connection, and one of it for all', async () => {
    const path = join(directory, 'socket');
    let made = 0;
    const counted = (server: Server): void => {
      made += 1;
      register(server);
    };
    await using _server = await serveGrpcSocket({ path, mode: 0o666, options: {}, register: counted });
    const before = made;

    for (const socket of [connect(path), connect(path)]) {
      await once(socket, 'data'); // the settings of HTTP/2
      socket.destroy();
    }

    deepEqual([before, made], [0, 1]);
  });

  it('is not held up by a socket that a killed server had not put in its place yet', async () => {
    const path = join(directory, 'socket');
    const killed = createServer().listen(bindingPath(path));
    await once(killed, 'listening');
    await link(bindingPath(path), join(directory, 'kept'));
    await new Promise((closed) => killed.close(closed));
    await rename(join(directory, 'kept'), bindingPath(path));

    await using _server = await serveGrpcSocket({ path, mode: 0o666, options: {}, register });

    deepEqual(await readdir(directory), ['socket']);
  });

  it('says what is wrong with a path no socket can have', async () => {
    const path = join(directory, 'x'.repeat(120));

    await rejects(serveGrpcSocket({ path, mode: 0o666, options: {}, register }), {
      name: 'AgentError',
      message: /^failed to listen on unix socket ".*": the path has \d+ bytes, a socket allows 107$/,
    });
  });

  it('says so when the socket cannot be given to whom it is meant for', async () => {
    const path = join(directory, 'socket');
    const gid = 2 ** 40; // there is no such group

    await rejects(serveGrpcSocket({ path, mode: 0o666, gid, options: {}, register }), {
      name: 'AgentError',
      message: /^failed to update ".*\/socket" permission: .*gid/,
    });
    deepEqual(await readdir(directory), []);
  });

  it('says so when the directory cannot be made', async () => {
    const path = '/sys/none/socket';

    await rejects(serveGrpcSocket({ path, mode: 0o666, options: {}, register }), {
      name: 'AgentError',
      message: /^failed to listen on unix socket "\/sys\/none\/socket": E(?:PERM|ROFS|ACCES)/,
    });
  });
});

describe('routeGrpcLog', () => {
  afterEach(() => {
    setLogger(console);
    setLogVerbosity(logVerbosity.ERROR);
  });

  it('hands everything the library says to the log, at its level', () => {
    const { log, records } = recordingLog();

    routeGrpcLog(log.child('grpc'));
    experimental.log(logVerbosity.DEBUG, 'picked %s', 'one');
    experimental.log(logVerbosity.ERROR, 'lost');

    deepEqual(
      records.map(({ level, scope, message }) => [level, scope, message.split('|').at(-1)?.trim()]),
      [
        ['debug', 'grpc', 'picked one'],
        ['error', 'grpc', 'lost'],
      ],
    );
  });
});
