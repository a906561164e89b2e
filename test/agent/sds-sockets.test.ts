import { deepEqual, equal, rejects } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { link, mkdir, rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { credentialServerExists, otherServesWorkload } from '../../src/agent/sds-sockets.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { serveGrpcSocket, type GrpcSocketServer } from '../../src/runtime/grpc.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig } from './support/agent-config.ts';

// The numbers of the facts are those of the list of behaviours in the security specification.

describe('the sockets of other SDS servers', () => {
  let folder: TemporaryDirectory;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    path = join(folder.path, 'a-socket');
  });
  afterEach(() => folder.remove());

  const { signal } = new AbortController();
  const recorded = recordingLog();
  const clock = new FakeClock();
  const deps = { clock, log: recorded.log };

  async function config(env: AgentConfig['environment'] = {}): Promise<AgentConfig> {
    const config = await agentConfig({ env });
    return { ...config, identity: { ...config.identity, socketPath: path, credentialSocketPath: path } };
  }

  const serve = (): Promise<GrpcSocketServer> =>
    serveGrpcSocket({ path, mode: 0o666, options: {}, register: () => undefined });

  const SPIRE = { WORKLOAD_IDENTITY_SOCKET_FILE: 'spire' };

  /** A socket file that nobody listens at. */
  async function dead(): Promise<void> {
    const server = createServer().listen(path);
    await new Promise((listening) => server.once('listening', listening));
    await link(path, `${path}-kept`);
    await new Promise((closed) => server.close(closed));
    await rename(`${path}-kept`, path);
  }

  async function letTimePass(answer: Promise<unknown>): Promise<void> {
    const state = { over: false };
    const end = (): void => void (state.over = true);
    answer.then(end, end);
    while (!state.over) {
      if (clock.sleepers > 0) await clock.tick(1);
      await turn();
    }
  }

  describe('for the workload', () => {
    it('55: are found when they answer, under the default name and under another', async () => {
      await using _server = await serve();

      equal(await otherServesWorkload(await config(), deps, signal), true);
      equal(
        await otherServesWorkload(await config({ WORKLOAD_IDENTITY_SOCKET_FILE: 'spire' }), deps, signal),
        true,
      );

      deepEqual(
        recorded.messages().at(-1),
        `Existing workload SDS socket found at ${path}. Default Istio SDS Server will only serve files`,
      );
    });

    it('50: may be missing under the default name, and nothing is waited for', async () => {
      const startMs = clock.now();

      equal(await otherServesWorkload(await config(), deps, signal), false);

      equal(clock.now(), startMs);
    });

    it('57: have to be there under another name, within half a minute', async () => {
      const startMs = clock.now();
      const missing = otherServesWorkload(await config(SPIRE), deps, signal);

      await Promise.all([
        rejects(missing, {
          name: 'ConfigError',
          message: `agent configured for non-default SDS socket path: ${path} but no socket found`,
        }),
        letTimePass(missing),
      ]);

      equal(clock.now() - startMs, 30_000);
    });

    it('are waited for as long as WORKLOAD_IDENTITY_SOCKET_WAIT says, and found at the next look', async () => {
      const startMs = clock.now();
      const env = { WORKLOAD_IDENTITY_SOCKET_WAIT: '10s' };

      const answer = otherServesWorkload(await config(env), deps, signal);
      while (clock.sleepers === 0) await turn();
      await clock.tick(499);
      await using _server = await serve();
      await Promise.all([answer, letTimePass(answer)]);

      equal(await answer, true);
      equal(clock.now() - startMs < 1000, true); // some milliseconds go by while it answers
      deepEqual(recorded.messages().slice(-2), [
        `waiting up to 10s for another SDS server on ${path}`,
        `Existing workload SDS socket found at ${path}. Default Istio SDS Server will only serve files`,
      ]);
    });

    it('56: are cleared away under the default name when they are dead, and only at the end of the wait', async () => {
      await dead();
      const answer = otherServesWorkload(await config({ WORKLOAD_IDENTITY_SOCKET_WAIT: '1s' }), deps, signal);
      while (clock.sleepers === 0) await turn();
      const whileWaiting = existsSync(path);
      await letTimePass(answer);

      equal(await answer, false);
      deepEqual([whileWaiting, existsSync(path)], [true, false]);
    });

    it('are never removed under another name, dead as they may be', async () => {
      await dead();
      const env = { ...SPIRE, WORKLOAD_IDENTITY_SOCKET_WAIT: '0s' };

      await rejects(otherServesWorkload(await config(env), deps, signal), /no socket found/);

      equal(existsSync(path), true);
    });

    it('are waited for no longer when the agent is told to end', async () => {
      const stop = new AbortController();
      const answer = otherServesWorkload(await config(SPIRE), deps, stop.signal);
      while (clock.sleepers === 0) await turn();

      stop.abort(new Error('told to end'));

      await rejects(answer, /told to end/);
      equal(clock.sleepers, 0);
    });

    for (const name of ['a/b', '']) {
      it(`58: have a file name that is not ${JSON.stringify(name)}`, async () => {
        const message = `workload identity socket file override must be a filename, not a path: ${name}`;

        await rejects(
          otherServesWorkload(await config({ WORKLOAD_IDENTITY_SOCKET_FILE: name }), deps, signal),
          {
            name: 'ConfigError',
            message,
          },
        );
      });
    }

    it('end the start when what is dead cannot be removed', async () => {
      await mkdir(path);

      await rejects(
        otherServesWorkload(await config(), deps, signal),
        /^AgentError: failed to check SDS socket: existing SDS socket could not be removed: /,
      );
    });
  });

  describe('for credentials', () => {
    it('are found when they answer', async () => {
      equal(await credentialServerExists(await config(), deps, signal), false);
      await using _server = await serve();

      equal(await credentialServerExists(await config(), deps, signal), true);
    });

    for (const [grpcBootstrap, stage] of [
      ['g.json', 'failed generating gRPC XDS bootstrap: failed generating node metadata'],
      ['', 'failed to initialize envoy agent: failed to generate bootstrap metadata'],
    ] as const) {
      it(`fail in the words of who asks first, GRPC_XDS_BOOTSTRAP being "${grpcBootstrap}"`, async () => {
        await mkdir(path);

        const answer = credentialServerExists(
          await config({ GRPC_XDS_BOOTSTRAP: grpcBootstrap }),
          deps,
          signal,
        );

        await rejects(answer, (error: Error) => {
          equal(error instanceof ConfigError, false);
          return error.message.startsWith(
            `${stage}: failed to check credential SDS socket: existing SDS socket`,
          );
        });
      });
    }
  });
});
