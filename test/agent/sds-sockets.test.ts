import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { credentialServerExists, otherServesWorkload } from '../../src/agent/sds-sockets.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { serveGrpcSocket, type GrpcSocketServer } from '../../src/runtime/grpc.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig } from './support/agent-config.ts';

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
  const deps = { clock: new FakeClock(), log: recorded.log };

  async function config(env: AgentConfig['environment'] = {}): Promise<AgentConfig> {
    const config = await agentConfig({ env });
    return { ...config, identity: { ...config.identity, socketPath: path, credentialSocketPath: path } };
  }

  const serve = (): Promise<GrpcSocketServer> =>
    serveGrpcSocket({ path, mode: 0o666, options: {}, register: () => undefined });

  describe('for the workload', () => {
    it('are found when they answer, under the default name and under another', async () => {
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

    it('may be missing under the default name only', async () => {
      equal(await otherServesWorkload(await config(), deps, signal), false);

      await rejects(
        otherServesWorkload(await config({ WORKLOAD_IDENTITY_SOCKET_FILE: 'spire' }), deps, signal),
        {
          name: 'ConfigError',
          message: `agent configured for non-default SDS socket path: ${path} but no socket found`,
        },
      );
    });

    for (const name of ['a/b', '']) {
      it(`have a file name that is not ${JSON.stringify(name)}`, async () => {
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
