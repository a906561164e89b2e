// The numbers of the facts are those of the list of behaviours in the security specification.

import { deepEqual, equal, notEqual, ok, rejects } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { freePorts } from '../../examples/demo/free-ports.ts';
import { loadMessages } from '../../src/proto/messages.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { execaSpawn } from '../../src/runtime/execa-spawn.ts';
import { SdsServer } from '../../src/sds/server.ts';
import { SdsClient } from '../sds/sds-client.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { startExternalSds } from './support/external-sds.ts';
import { Pod } from './support/pod.ts';
import {
  adminCerts,
  plainSerial,
  servedSerial,
  tlsListener,
  type AdminCerts,
} from './support/sds-resources.ts';
import { SdsWorkload } from './support/sds-workload.ts';
import { eventually } from './support/supervised-envoy.ts';

const SPIFFE_ID = 'spiffe://cluster.local/ns/default/sa/web';
const SOCKETS = 'var/run/secrets/workload-spiffe-uds';
const FILES_SOCKET = 'var/run/secrets/credential-uds/files-socket';

const nothing = (): void => undefined;
const SILENT = {
  opened: nothing,
  ended: nothing,
  pushed: nothing,
  rejected: nothing,
  staleNonce: nothing,
  failed: nothing,
};

describe('SDS with a real Envoy', function () {
  this.timeout(60_000);

  it('gives it certificate and root, and a new certificate when that changes', async () => {
    await using directory = await temporaryDirectory();
    await using workload = await SdsWorkload.create(SPIFFE_ID);
    const socketPath = join(directory.path, 'socket');
    const { log, messages: logged } = recordingLog();
    await using _server = await SdsServer.start({
      filesOnly: false,
      socketPath,
      socketMode: 0o666,
      socketGid: undefined,
      source: workload,
      keyProvider: undefined,
      messages: async () => loadMessages(),
      clock: systemClock(),
      log,
      metrics: SILENT,
    });
    const first = plainSerial(workload.certificate.serialNumber);

    await using envoy = await startEnvoy(directory.path, socketPath);
    await eventually(async () => (await envoy.serial()) === first);
    await workload.rotate();
    const second = plainSerial(workload.certificate.serialNumber);
    await eventually(async () => (await envoy.serial()) === second);
    const { certificates } = await envoy.certs();

    notEqual(first, second);
    equal(certificates[0]?.cert_chain[0]?.subject_alt_names[0]?.uri, SPIFFE_ID);
    equal(plainSerial(certificates[0]?.ca_cert[0]?.serial_number), plainSerial(workload.root.serialNumber));
    equal(logged('info').filter((line) => line.startsWith('ADS: new connection')).length, 2);
    equal(logged('warn').join('\n'), '');
  });

  it('50: gives pair and anchors on the default socket, and goes on when that is deleted under a running agent', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    await using control = await controlPlane(folder.path, port);
    await using pod = await Pod.start(join(folder.path, 'pod'), { control });
    await pod.ready();
    const serial = async (): Promise<string | undefined> =>
      servedSerial(await adminCerts(pod.admin('/certs')));
    const before = await serial();
    const socket = join(pod.root, SOCKETS, 'socket');

    await rm(socket);
    await eventually(() => existsSync(socket));
    await fetch(pod.status('/rotate'), { method: 'POST' });
    await eventually(async () => (await serial()) !== before);
    using client = new SdsClient(socket);
    const { secrets } = await client.get('default', 'ROOTCA');

    deepEqual(
      secrets.map(({ name }) => name),
      ['default', 'ROOTCA'],
    );
    equal((await pod.log()).match(/the SDS socket .* was removed; listening there again/g)?.length, 1);
  });

  it("55: leaves the workload's certificate to another server, which may start later, and serves files", async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    await using control = await controlPlane(folder.path, port);
    await using workload = await SdsWorkload.create('spiffe://spire.example/web');
    await using pod = await Pod.start(join(folder.path, 'pod'), {
      control,
      env: { WORKLOAD_IDENTITY_SOCKET_FILE: 'spire' },
    });
    const socket = join(pod.root, SOCKETS, 'spire');
    await pod.until(async () => (await pod.log()).includes('waiting up to 30s for another SDS server'));

    await using _server = await startExternalSds(socket, workload);
    const { ino } = await stat(socket);
    await pod.ready();
    await pod.until(async () => {
      const served = servedSerial(await adminCerts(pod.admin('/certs')));
      return served === plainSerial(workload.certificate.serialNumber);
    });

    equal((await stat(socket)).ino, ino);
    equal(existsSync(join(pod.root, SOCKETS, 'socket')), false);
    const bootstrap = JSON.parse(
      await readFile(join(pod.root, 'etc/istio/proxy/envoy-rev0.json'), 'utf8'),
    ) as Bootstrap;
    const clusters = bootstrap.static_resources.clusters.map(({ name }) => name);
    ok(clusters.includes('sds-files-grpc') && clusters.includes('sds-grpc'), clusters.join());
    equal(bootstrap.node.metadata['file-credential'], 'true');
    await servesFilesOnly(pod.root, control.rootCertificatePath);
    ok(!(await pod.log()).includes('generated new workload certificate'));
  });
});

interface Bootstrap {
  readonly node: { readonly metadata: Readonly<Record<string, unknown>> };
  readonly static_resources: { readonly clusters: readonly { readonly name: string }[] };
}

function controlPlane(folder: string, port: number): Promise<ControlPlane> {
  const listener = {
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    ...tlsListener('in', port),
  };
  return ControlPlane.start(join(folder, 'control'), { config: { 'all.yaml': { resources: [listener] } } });
}

async function servesFilesOnly(root: string, certificatePath: string): Promise<void> {
  await copyFile(certificatePath, join(root, 'root.pem'));
  using files = new SdsClient(join(root, FILES_SOCKET));
  const { secrets } = await files.get('file-root:./root.pem');
  deepEqual(
    secrets.map(({ name }) => name),
    ['file-root:./root.pem'],
  );
  using workload = new SdsClient(join(root, FILES_SOCKET));
  workload.ask(['default']);
  await rejects(
    workload.status.then(({ details }) => Promise.reject(new Error(details))),
    /failed to generate secret for default/,
  );
}

interface RunningEnvoy extends AsyncDisposable {
  readonly certs: () => Promise<AdminCerts>;
  /** Of the certificate it shows; undefined while there is none. */
  readonly serial: () => Promise<string | undefined>;
}

async function startEnvoy(directory: string, sdsSocket: string): Promise<RunningEnvoy> {
  const config = join(directory, 'envoy.json');
  const adminAddress = join(directory, 'admin');
  await writeFile(config, JSON.stringify(bootstrapOf(sdsSocket)));
  const flags = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'];
  const args = ['-c', config, '--admin-address-path', adminAddress, ...flags];
  const envoy = await execaSpawn({ file: await fetchEnvoy(), args });
  envoy.stdout.resume();
  envoy.stderr.resume();
  const certs = async (): Promise<AdminCerts> =>
    adminCerts(`http://${await readFile(adminAddress, 'utf8')}/certs`);
  const serial = async (): Promise<string | undefined> => {
    const served = await certs().catch(() => undefined); // the admin port is not open yet
    return served && servedSerial(served);
  };
  const stop = async (): Promise<void> => {
    envoy.signal('SIGTERM');
    await envoy.exited;
  };
  return { certs, serial, [Symbol.asyncDispose]: stop };
}

/** A listener whose certificate and roots come from the SDS server. */
function bootstrapOf(sdsSocket: string): object {
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const http2 = {
    '@type': `type.googleapis.com/${options}`,
    explicit_http_config: { http2_protocol_options: {} },
  };
  const address = { pipe: { path: sdsSocket } };
  const cluster = {
    name: 'sds-grpc',
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: { [options]: http2 },
    load_assignment: { cluster_name: 'sds-grpc', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
  return {
    node: { id: 'sidecar~127.0.0.1~web.default~default.svc.cluster.local', cluster: 'web' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    static_resources: { clusters: [cluster], listeners: [tlsListener('inbound', 0)] },
  };
}
