import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { serveGrpcSocket, type GrpcSocketServer } from '../../src/runtime/grpc.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import type { GivenConfig } from './support/agent-config.ts';
import { AgentFolder, RunningAgent } from './support/running-agent.ts';

const LIVE = /is live after/;

describe('runAgent', () => {
  let temporary: TemporaryDirectory;
  let folder: AgentFolder;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    folder = await AgentFolder.lay(temporary.path);
  });
  afterEach(() => temporary.remove());

  async function run(given: GivenConfig = {}): Promise<RunningAgent> {
    return new RunningAgent(folder, await folder.config(given));
  }

  const serve = (path: string): Promise<GrpcSocketServer> =>
    serveGrpcSocket({ path, mode: 0o666, options: {}, register: () => undefined });

  describe('without Envoy', () => {
    const env = { DISABLE_ENVOY: 'true', ENVOY_PATH: '/no/envoy', ISTIO_BOOTSTRAP: '/no/template' };

    it('serves xDS and its status, needs nothing of Envoy, and ends when it is told to', async () => {
      await using agent = await run({ env });
      await agent.running;

      const open = await folder.openings();
      agent.stop();

      deepEqual(open, { status: true, sds: false, xds: true });
      deepEqual(await agent.end, { kind: 'drained' });
      deepEqual(agent.commands, []);
      equal(existsSync(join(folder.path, 'etc/istio/proxy/grpc-bootstrap.json')), true);
    });

    it('is not ready before its certificates are in their files, and goes on asking for them', async () => {
      await using agent = await run({ env: { ...env, OUTPUT_CERTS: join(folder.path, 'certs') } });
      await agent.logged(/failed to warm certificate/);

      const answer = await fetch(`http://127.0.0.1:${folder.statusPort}/healthz/ready?verbose`);

      equal(answer.status, 503);
      match(await answer.text(), /^failed grpc-bootstrap: .*certs\/cert-chain\.pem does not exist\n$/);
    });
  });

  describe('beside another SDS server', () => {
    it('leaves it its socket, serves files on another, and signs nothing', async () => {
      await folder.setTemplate({ metadata: { $eval: 'meta_json_str' } });
      await using _other = await serve(folder.sdsSocket);
      const { ino } = await stat(folder.sdsSocket);
      await using agent = await run({ env: { CA_PROVIDER: 'Other' } });
      await agent.logged(LIVE);

      const { metadata } = JSON.parse(await readFile(agent.commands[0]?.args[1] ?? '', 'utf8'));

      equal((await stat(folder.sdsSocket)).ino, ino);
      equal(existsSync(folder.filesSocket), true);
      deepEqual([metadata['file-credential'], metadata.credential], ['true', undefined]);
      const said = agent.recorded.messages();
      deepEqual(
        said.filter((message) => /certificates only|CA Endpoint|warm/.test(message)),
        [`Starting SDS server for file certificates only, will listen on "${folder.filesSocket}"`],
      );
    });

    it('ends with its own socket removed, not the other one', async () => {
      await using _other = await serve(folder.sdsSocket);
      await using agent = await run();
      await agent.logged(LIVE);

      agent.stop();
      await agent.end;

      deepEqual([existsSync(folder.filesSocket), existsSync(folder.sdsSocket)], [false, true]);
    });

    it('tells Envoy of a server for credentials', async () => {
      await folder.setTemplate({ metadata: { $eval: 'meta_json_str' } });
      await using _other = await serve(folder.credentialSocket);
      await using agent = await run();
      await agent.logged(LIVE);

      const { metadata } = JSON.parse(await readFile(agent.commands[0]?.args[1] ?? '', 'utf8'));

      deepEqual([metadata['file-credential'], metadata.credential], [undefined, 'true']);
    });
  });

  describe('with several mistakes at once', () => {
    const metadata = { ISTIO_META_POD_PORTS: '{]' };
    const rendering = { ISTIO_BOOTSTRAP: '/no/template' };
    const binary = { ENVOY_PATH: '/no/envoy' };
    const ca = { CA_PROVIDER: 'Other' };
    const xds = { XDS_ROOT_CA: '/no/root.pem' };
    const socket = { WORKLOAD_IDENTITY_SOCKET_FILE: 'a/b' };
    const gke = { CA_PROVIDER: 'GkeWorkloadCertificate' };
    for (const [first, env, message] of [
      ['certificates of GKE', { ...gke, ...socket }, /^ConfigError: GKE workload certificate files \(/],
      ['the name of the SDS socket', { ...socket, ...ca, ...metadata }, /socket file override must be/],
      ['the CA', { ...ca, ...xds, ...metadata }, /^ConfigError: failed to start default Istio SDS server: /],
      [
        'the root of the discovery service',
        { ...xds, ...metadata },
        /^ConfigError: failed to start xds proxy: /,
      ],
      [
        'the metadata of the node',
        { ...metadata, ...rendering },
        /^ConfigError: failed generating gRPC XDS boot/,
      ],
      [
        "that metadata, in the words of Envoy's stage when there is no other,",
        { ...metadata, GRPC_XDS_BOOTSTRAP: '' },
        /^ConfigError: failed to initialize envoy agent: failed to generate bootstrap metadata: .*POD_PORTS/,
      ],
      [
        'the bootstrap',
        { ...rendering, ...binary },
        /^ConfigError: failed to initialize envoy agent: failed to generate bootstrap config: .*\/no\/template/,
      ],
      ['Envoy', binary, /^ConfigError: ENVOY_PATH \/no\/envoy cannot be run/],
    ] as const) {
      it(`tells of ${first} before it opens anything`, async () => {
        const taken = createServer().listen(folder.statusPort, '::');
        await using agent = await run({ env });

        await agent.end.catch(() => undefined);
        taken.close();

        await rejects(agent.end, message);
        deepEqual(folder.sockets(), { sds: false, xds: false });
      });
    }
  });
});
