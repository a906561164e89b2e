// Which packages a command loads: most of the time between a command and what it was asked for is spent on that.

import { deepEqual } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http2';
import { dirname, join } from 'node:path';

import { AgentFolder } from '../agent/support/running-agent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { ProxyProcess } from './support/proxy-process.ts';

const PACKAGE = join(import.meta.dirname, '../..');
const AGENT = join(PACKAGE, 'src/cli/agent.ts');
const HOOK = join(import.meta.dirname, 'fixtures/loaded-modules.ts');
/** Where an agent finds, or opens, the socket for secrets. */
const SDS_SOCKET = 'var/run/secrets/workload-spiffe-uds/socket';

let temporary: TemporaryDirectory;

/** @returns URLs of the modules a command has loaded when it ends */
async function loadedBy(words: readonly string[]): Promise<readonly string[]> {
  const file = join(temporary.path, 'modules');
  const argv = ['--import', HOOK, AGENT, ...words];
  const env = { LOADED_MODULES_FILE: file };
  await once(spawn(process.execPath, argv, { cwd: temporary.path, env, stdio: 'ignore' }), 'exit');
  return (await readFile(file, 'utf8')).split('\n');
}

/** Of the packages this one asks for; what those bring along is not named. */
async function packagesOf(urls: readonly string[]): Promise<readonly string[]> {
  const { dependencies } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as {
    dependencies: Readonly<Record<string, string>>;
  };
  return Object.keys(dependencies).filter((name) =>
    urls.some((url) => url.includes(`/node_modules/${name}/`)),
  );
}

describe('the packages loaded', () => {
  before(async () => {
    temporary = await temporaryDirectory();
  });
  after(() => temporary.remove());

  const COMMANDS: readonly (readonly [words: readonly string[], packages: readonly string[]])[] = [
    [['version'], ['commander']],
    [['request', 'GET', 'ready', '--debug-port=15004'], ['commander']],
    [['wait', '--timeoutSeconds=0'], ['commander']],
    [['exec', '--mesh=none', 'true'], ['commander']],
    [['istio-iptables', '--dry-run'], ['commander']],
    [['env'], ['commander']],
    [['config'], ['commander', 'yaml']],
    [['bootstrap'], ['commander', 'json-e', 'yaml']],
  ];
  for (const [words, packages] of COMMANDS) {
    it(`by ${words[0]} are ${packages.join(', ')}`, async () => {
      const loaded = await loadedBy(words);

      deepEqual(await packagesOf(loaded), packages);
    });
  }

  describe('by proxy before it starts Envoy', () => {
    let loaded: readonly string[];
    before(async () => {
      const folder = await AgentFolder.lay(temporary.path);
      // The other server has the certificate: requesting one goes on beside the start, and would load at any moment.
      await using _other = await otherSdsServer(join(folder.path, SDS_SOCKET));
      loaded = await loadedBeforeEnvoy(folder);
    });

    it('are those that render the bootstrap, serve sockets, log and start processes', async () => {
      deepEqual(await packagesOf(loaded), [
        '@grpc/grpc-js',
        'commander',
        'content-type', // negotiator's
        'execa',
        'json-e',
        'negotiator',
        'protobufjs',
        'winston',
        'yaml',
      ]);
    });

    it('leave out what certificates and streams need, and a DNS server nobody asked for', () => {
      const late = ['/protobufjs/light.js', '/src/proto/messages.ts', '/src/pki/csr.ts', '/src/dns/'];

      deepEqual(
        late.filter((part) => loaded.some((url) => url.includes(part))),
        [],
      );
    });
  });
});

async function otherSdsServer(path: string): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  const server = createServer().listen(path);
  await once(server, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

async function loadedBeforeEnvoy(folder: AgentFolder): Promise<readonly string[]> {
  const file = join(folder.path, 'modules-before-child');
  await using proxy = new ProxyProcess(folder, { preload: HOOK, env: { LOADED_BEFORE_CHILD_FILE: file } });
  await proxy.envoyPid();
  return (await readFile(file, 'utf8')).split('\n');
}
