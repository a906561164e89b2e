import { equal, fail } from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { namespaceObstacle, NetworkNamespace } from '../iptables/network-namespace.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const SOCKET_FOLDER = 'var/run/secrets/workload-spiffe-uds';
const SOCKET = `./${SOCKET_FOLDER}/socket`;

/** Prints the answer for a container whose root is the working directory. */
const PROGRAM = `
  import { ownSocketPath } from ${JSON.stringify(join(import.meta.dirname, '../../src/agent/sds-sockets.ts'))};
  const config = { identity: { socketPath: '${SOCKET}' }, proxyConfig: { configPath: './etc/istio/proxy' } };
  process.stdout.write(await ownSocketPath(config));
`;

describe('ownSocketPath', () => {
  let root: TemporaryDirectory;
  let host: NetworkNamespace;

  const obstacle = namespaceObstacle();
  if (obstacle !== undefined) {
    if (process.env.CI === 'true') it('runs', () => fail(obstacle));
    else console.log(`    no file system can be mounted read-only here: ${obstacle}`);
    return;
  }

  beforeEach(async () => {
    root = await temporaryDirectory();
    host = await NetworkNamespace.create(); // it has mounts of its own, too
  });
  afterEach(async () => {
    await host[Symbol.asyncDispose]();
    await root.remove();
  });

  async function answer(limits: readonly string[] = []): Promise<string> {
    const program = [process.execPath, '--input-type=module', '--eval', PROGRAM];
    const words = [`--chdir=${root.path}`, ...limits, ...program];
    const { code, stdout, stderr } = await host.run('env', words);
    equal(code, 0, stderr);
    return stdout;
  }

  const makeReadOnly = (): Promise<string> =>
    host.shell(`mount --bind ${root.path} ${root.path}; mount -o remount,bind,ro ${root.path}`);

  it('is what the configuration says where the folder is there', async () => {
    await mkdir(join(root.path, SOCKET_FOLDER), { recursive: true });

    equal(await answer(), SOCKET);
  });

  it('is what the configuration says where the folder can be made', async () => {
    equal(await answer(), SOCKET);
  });

  it('is that of Istio 1.7 where the folder is on a root that is read-only', async () => {
    await mkdir(join(root.path, SOCKET_FOLDER), { recursive: true });
    await makeReadOnly();

    equal(await answer(), './etc/istio/proxy/SDS');
  });

  it("is that of Istio 1.7 also to a root without rights to others' folders, as with TPROXY", async () => {
    await mkdir(join(root.path, SOCKET_FOLDER), { recursive: true });
    await host.shell(`chown 1337 ${join(root.path, SOCKET_FOLDER)}`);
    await makeReadOnly();

    equal(await answer(['setpriv', '--bounding-set=-all', '--inh-caps=-all']), './etc/istio/proxy/SDS');
  });

  it('is that of Istio 1.7 where the folder cannot be made for the same reason', async () => {
    await makeReadOnly();

    equal(await answer(), './etc/istio/proxy/SDS');
  });

  it('is what the configuration says where a volume is mounted, even one that is read-only', async () => {
    await mkdir(join(root.path, SOCKET_FOLDER), { recursive: true });
    await makeReadOnly();
    await host.shell(`mount -t tmpfs -o ro volume ${join(root.path, SOCKET_FOLDER)}`);

    equal(await answer(), SOCKET);
  });
});
