// What a pod runs of the agent, in a folder of its own: the code cache holds what these compile, and no more.

import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

import { startDiscovery } from '../src/discovery/discovery.ts';
import { issueToken } from '../src/discovery/token.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { plainLog } from '../src/runtime/plain-log.ts';

export interface TypicalRun {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Once this is in its output, it is to end by SIGTERM; undefined: it ends by itself. */
  readonly until?: string;
}

export interface TypicalRuns extends AsyncDisposable {
  readonly runs: readonly TypicalRun[];
}

const CAPTURE = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020 --dry-run';
const PROXY = 'proxy sidecar --domain default.svc.cluster.local --log_output_level=default:info';

/** Takes Envoy's arguments and lives. */
const STAND_IN = '#!/bin/sh\nexec sleep 60\n';

/**
 * The runs, and a control plane for them.
 *
 * @param folder empty; working directory of the runs, to which it is a container's root
 * @param envoyPath default: a program that does nothing
 */
export async function typicalRuns(folder: string, envoyPath?: string): Promise<TypicalRuns> {
  const clock = systemClock();
  const stateDirectory = join(folder, 'state');
  const mesh = { configDirectory: join(folder, 'config'), stateDirectory, address: '127.0.0.1', port: 0 };
  await mkdir(mesh.configDirectory);
  const discovery = await startDiscovery(
    { ...mesh, hosts: [], trustDomain: 'cluster.local', rootFiles: undefined, jwksFile: undefined },
    { clock, log: plainLog(() => undefined) },
  );
  const identity = { namespace: 'default', serviceAccount: 'web', ttlMs: 3_600_000 };
  await place(
    folder,
    'var/run/secrets/tokens/istio-token',
    await issueToken({ ...identity, stateDirectory }, clock),
  );
  await place(folder, 'var/run/secrets/istio/root-cert.pem', await readFile(discovery.rootCertificatePath));
  const standIn = await place(folder, 'envoy', STAND_IN, 0o755);
  const statusPort = await freePort();
  const env = podEnvironment(`localhost:${discovery.port}`, statusPort);
  return {
    runs: [
      { words: ['istio-iptables', ...CAPTURE.split(' ')] },
      {
        words: PROXY.split(' '),
        env: { ...env, ENVOY_PATH: envoyPath ?? standIn },
        until: 'generated new workload certificate',
      },
      { words: ['wait', '--timeoutSeconds=0', `--url=http://127.0.0.1:${statusPort}/healthz/ready`] },
      { words: ['request', 'GET', 'stats', `--debug-port=${statusPort}`] },
    ],
    [Symbol.asyncDispose]: () => discovery.close(),
  };
}

/** As the injector writes it, as far as the start depends on it. */
function podEnvironment(discoveryAddress: string, statusPort: number): Record<string, string> {
  return {
    CA_ADDR: discoveryAddress,
    CLOUD_PLATFORM: 'none',
    HOST_IP: '127.0.0.1',
    INSTANCE_IP: '127.0.0.1',
    ISTIO_CPU_LIMIT: '2',
    ISTIO_META_CLUSTER_ID: 'Kubernetes',
    ISTIO_META_INTERCEPTION_MODE: 'REDIRECT',
    ISTIO_META_MESH_ID: 'cluster.local',
    PILOT_CERT_PROVIDER: 'istiod',
    POD_NAME: 'web-1',
    POD_NAMESPACE: 'default',
    PROXY_CONFIG: JSON.stringify({ discoveryAddress, statusPort, terminationDrainDuration: '0.1s' }),
    SERVICE_ACCOUNT: 'web',
    TRUST_DOMAIN: 'cluster.local',
  };
}

async function place(folder: string, path: string, content: string | Buffer, mode = 0o644): Promise<string> {
  const placed = join(folder, path);
  await mkdir(dirname(placed), { recursive: true });
  await writeFile(placed, content, { mode });
  return placed;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await server[Symbol.asyncDispose]();
  return port;
}
