// A workload's host: a folder laid out like the root of an injected pod, the ordinary program, the capture of its
// traffic and `agent proxy sidecar` with the arguments and environment the injector writes.

import { chown, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ControlPlane } from './control-plane.ts';
import type { Program } from './machine.ts';
import { NAMESPACE } from './mesh-config.ts';
import type { Host, Layout, Topology } from './topology.ts';
import { Window } from './window.ts';

/** Short, so that one rotation falls into the demo. */
const CERTIFICATE_LIFETIME = '20s';

export class Workload {
  readonly host: Host;
  readonly agent: Program;
  /** Looks into the workload's network. */
  readonly window: Window;
  /** When the agent was started, on the clock of `performance.now()`. */
  readonly startedMs: number;

  private constructor(host: Host, window: Window, agent: Program, startedMs: number) {
    this.host = host;
    this.agent = agent;
    this.window = window;
    this.startedMs = startedMs;
  }

  /** Starts program, capture and agent; does not wait for any of them to be ready. */
  static async start(
    topology: Topology,
    name: 'client' | 'server',
    control: ControlPlane,
  ): Promise<Workload> {
    const host = topology.layout.hosts[name];
    const root = join(topology.layout.directory, name);
    await layOut(topology.layout, host, root, control);
    const window = await Window.open(topology, name);
    if (name === 'server') await startEcho(topology, host, root);
    if (topology.layout.captured) await capture(topology, host, root);
    const startedMs = performance.now();
    const agent = await startAgent(topology, host, root);
    return new Workload(host, window, agent, startedMs);
  }

  /** An endpoint of the agent. */
  status(path: string): string {
    return `http://127.0.0.1:${this.host.ports.status}${path}`;
  }

  /** A page of Envoy's admin. */
  admin(path: string): string {
    return `http://127.0.0.1:${this.host.ports.admin}${path}`;
  }

  /** What the kubelet would ask. */
  get readiness(): string {
    return `http://127.0.0.1:${this.host.ports.health}/healthz/ready`;
  }
}

/** The folders and files a pod has mounted; those the proxy writes belong to its user. */
async function layOut(layout: Layout, host: Host, root: string, control: ControlPlane): Promise<void> {
  const written = ['etc/istio/proxy', 'var/lib/istio/data', 'var/run/secrets/workload-spiffe-uds'];
  const mounted = ['etc/istio/pod', 'var/run/secrets/istio', 'var/run/secrets/tokens'];
  const { uid, gid } = layout.proxyUser;
  for (const folder of [...mounted, ...written]) await mkdir(join(root, folder), { recursive: true });
  for (const folder of written) await chown(join(root, folder), uid, gid);
  await copyFile(control.rootCertificate, join(root, 'var/run/secrets/istio/root-cert.pem'));
  await writeFile(join(root, 'var/run/secrets/tokens/istio-token'), await control.token(host.name));
  await writeFile(join(root, 'etc/istio/pod/labels'), `app="${host.name}"\nversion="v1"\n`);
  await writeFile(join(root, 'etc/istio/pod/annotations'), 'sidecar.istio.io/status="{}"\n');
}

async function startEcho(topology: Topology, { name, address, ports }: Host, cwd: string): Promise<void> {
  const args = [topology.demoProgram('echo-server.ts'), address, String(ports.app)];
  await topology.start(name, 'echo-server', { args, cwd });
}

/** What the init container runs. */
async function capture(topology: Topology, host: Host, cwd: string): Promise<void> {
  const ports = ['-p', '15001', '-z', '15006', '-d', '15090,15021,15020'];
  const what = ['-u', '1337', '-m', 'REDIRECT', '-i', '*', '-x', '', '-b', '*'];
  await topology.run(host.name, { args: topology.agent('istio-iptables', ...ports, ...what), cwd });
}

function startAgent(topology: Topology, host: Host, cwd: string): Promise<Program> {
  const args = topology.agent(
    'proxy',
    'sidecar',
    '--domain',
    `${NAMESPACE}.svc.cluster.local`,
    '--proxyLogLevel=warning',
    '--proxyComponentLogLevel=misc:error',
    '--log_output_level=default:info',
  );
  const env = podEnvironment(topology.layout, host);
  return topology.start(host.name, 'agent', { args, cwd, env, asProxy: true });
}

/** The variables of an injected istio-proxy container. */
function podEnvironment(layout: Layout, host: Host): Record<string, string> {
  const { name, address, ports } = host;
  return {
    PILOT_CERT_PROVIDER: 'istiod',
    CA_ADDR: layout.discoveryAddress,
    POD_NAME: name,
    POD_NAMESPACE: NAMESPACE,
    INSTANCE_IP: address,
    SERVICE_ACCOUNT: name,
    HOST_IP: layout.hosts.control.address,
    ISTIO_CPU_LIMIT: '2',
    PROXY_CONFIG: `${JSON.stringify(proxyConfig(layout, host))}\n`,
    ISTIO_META_POD_PORTS: `[{"containerPort":${ports.app},"protocol":"TCP"}]`,
    ISTIO_META_APP_CONTAINERS: 'app',
    ISTIO_META_CLUSTER_ID: 'Kubernetes',
    ISTIO_META_NODE_NAME: 'demo',
    ISTIO_META_INTERCEPTION_MODE: layout.captured ? 'REDIRECT' : 'NONE',
    ISTIO_META_WORKLOAD_NAME: name,
    ISTIO_META_OWNER: `kubernetes://apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}`,
    ISTIO_META_MESH_ID: 'cluster.local',
    TRUST_DOMAIN: 'cluster.local',
    CLOUD_PLATFORM: 'none',
    SECRET_TTL: CERTIFICATE_LIFETIME,
    ENVOY_PATH: layout.paths.envoy,
    ENVOY_STATUS_PORT: String(ports.health),
    ENVOY_PROMETHEUS_PORT: String(ports.prometheus),
  };
}

/** Only what differs from the defaults, as the injector writes it. */
function proxyConfig(layout: Layout, { ports }: Host): object {
  return {
    discoveryAddress: layout.discoveryAddress,
    drainDuration: '2s',
    parentShutdownDuration: '3s',
    terminationDrainDuration: '1s',
    proxyAdminPort: ports.admin,
    statusPort: ports.status,
    proxyStatsMatcher: { inclusionRegexps: ['listener\\..*\\.ssl\\.handshake'] },
  };
}
