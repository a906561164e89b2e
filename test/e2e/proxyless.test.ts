// The agent without Envoy: certificates in files, and the way to the control plane for applications that speak xDS.

import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { execa } from 'execa';

import { bytesMethod } from '../../src/runtime/grpc.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { apiListener, edsCluster, endpoints } from './support/mesh-resources.ts';
import { Pod } from './support/pod.ts';

describe('agent proxy without Envoy', function () {
  this.timeout(60_000);
  let folder: TemporaryDirectory;
  let control: ControlPlane;
  let server: Server;

  before(async () => {
    folder = await temporaryDirectory();
    server = new Server();
    const port = await echoOn(server);
    const resources = [
      apiListener('echo', 'echo-cluster'),
      edsCluster('echo-cluster'),
      endpoints('echo-cluster', port),
    ];
    control = await ControlPlane.start(join(folder.path, 'control'), {
      config: { 'all.yaml': { resources } },
    });
  });

  after(async () => {
    server.forceShutdown();
    await control.close();
    await folder.remove();
  });

  async function start(name: string): Promise<Pod> {
    const root = join(folder.path, name);
    return Pod.start(root, {
      control,
      proxyConfig: { configPath: join(root, 'etc/istio/proxy') },
      env: {
        DISABLE_ENVOY: 'true',
        ENVOY_PATH: undefined,
        ISTIO_META_GENERATOR: 'grpc',
        OUTPUT_CERTS: join(root, 'certs'),
        KUBERNETES_SERVICE_HOST: '10.0.0.1',
      },
      prepare: () => mkdir(join(root, 'certs')),
    });
  }

  const ready = (pod: Pod): Promise<void> =>
    pod.until(async () => (await fetch(pod.status('/healthz/ready'))).status === 200);

  it('gets ready with its certificates, replaces them in their files, and ends when it is told to', async () => {
    await using pod = await start('certificates');
    const serial = async (): Promise<string> =>
      new X509Certificate(await readFile(join(pod.root, 'certs/cert-chain.pem'))).serialNumber;
    await ready(pod);
    const first = await serial();

    pod.signal('SIGUSR2');
    await pod.until(async () => (await serial()) !== first);

    notEqual(await serial(), first);
    deepEqual((await readdir(join(pod.root, 'certs'))).toSorted(), [
      'cert-chain.pem',
      'key.pem',
      'root-cert.pem',
    ]);
    equal((await stat(join(pod.root, 'certs/key.pem'))).mode & 0o777, 0o644);
    equal(existsSync(join(pod.root, 'var/run/secrets/workload-spiffe-uds')), false);
    match(await (await fetch(pod.status('/healthz/ready?verbose'))).text(), /^ok grpc-bootstrap\n$/);
    deepEqual(await pod.stop(), { code: 0, signal: null });
    deepEqual(await readdir(join(pod.root, 'etc/istio/proxy')), ['grpc-bootstrap.json']);
  });

  it('brings a gRPC application to the servers the control plane knows', async () => {
    await using pod = await start('application');
    await ready(pod);
    const client = join(import.meta.dirname, 'fixtures/proxyless-client.ts');

    const { stdout, stderr } = await execa(process.execPath, [client, 'xds:///echo', 'hello'], {
      env: { GRPC_XDS_BOOTSTRAP: join(pod.root, 'etc/istio/proxy/grpc-bootstrap.json') },
    });

    deepEqual([stdout, stderr], ['hello', '']);
    deepEqual(await pod.stop(), { code: 0, signal: null });
  });
});

async function echoOn(server: Server): Promise<number> {
  server.addService(
    { echo: bytesMethod('/test.Echo/Echo', false) },
    {
      echo: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => done(null, call.request),
    },
  );
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}
