// The control plane as a process of its own and the real Envoy, with nothing between them: TLS, token, ADS in both
// forms, resources from a directory, traffic through what they describe.

import { equal, match, ok } from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const PREFIX = 'type.googleapis.com/';
/** How long Envoy waits for resources it has asked for, by default. */
const FETCH_TIMEOUT_MS = 15_000;
const NODE_ID = 'sidecar~127.0.0.1~web-1.shop~shop.svc.cluster.local';

describe('agent discovery with the real Envoy', function () {
  this.timeout(60_000);
  let binary: string;

  before(async () => {
    binary = await fetchEnvoy();
  });

  for (const apiType of ['GRPC', 'DELTA_GRPC']) {
    it(`configures Envoy over ADS (${apiType}), pushes changes and keeps the last good state`, async () => {
      await using mesh = await startMesh(binary, apiType);

      // Clusters, endpoints, listeners and routes of the directory carry a request.
      await eventually(async () => equal(await mesh.fetchThroughEnvoy(), 'one'));
      const stats = await mesh.admin('/stats?usedonly&filter=update_(success|rejected)');
      for (const name of ['cluster_manager.cds', 'listener_manager.lds', 'cluster.web', 'http.web.rds.web']) {
        match(stats, new RegExp(`^${name}\\.update_success: [1-9]`, 'm'));
      }
      ok(!stats.includes('update_rejected'), stats);
      match(await mesh.admin('/config_dump'), /"dynamic_listeners"/);

      // A change on disk is pushed.
      await mesh.writeConfig('endpoints.yaml', endpoints(mesh.portOf('two')));
      await eventually(async () => equal(await mesh.fetchThroughEnvoy(), 'two'));

      // A changed cluster is warmed at once: its endpoints come again although they are as before.
      await mesh.writeConfig('clusters.yaml', clusters('3s'));
      const active = (): Promise<string> => mesh.admin('/config_dump?mask=dynamic_active_clusters');
      await eventually(async () => match(await active(), /"3s"/), FETCH_TIMEOUT_MS / 2);
      equal(await mesh.fetchThroughEnvoy(), 'two');

      // A bad file is refused by name.
      await mesh.writeConfig('clusters.yaml', 'resources:\n  - name: web\n');
      await eventually(async () =>
        match(await mesh.discoveryLog(), /the last good one stays: clusters\.yaml:2:/),
      );
      equal(await mesh.fetchThroughEnvoy(), 'two');

      // What only Envoy can judge is refused by Envoy, and said so.
      await mesh.writeConfig('clusters.yaml', clusters('-1s'));
      await eventually(async () =>
        match(await mesh.discoveryLog(), /ADS:CDS: ACK ERROR sidecar~.* 13:Invalid duration/),
      );
      match(await mesh.admin('/stats?filter=cds.update_rejected'), /: 1$/m);
      equal(await mesh.fetchThroughEnvoy(), 'two');
    });
  }

  it('lets nobody in without a token', async () => {
    await using mesh = await startMesh(binary, 'GRPC', { token: 'none' });

    await eventually(async () =>
      match(await mesh.discoveryLog(), /authentication failure: the token is not valid/),
    );

    const stats = await mesh.admin('/stats?usedonly&filter=cluster_manager.cds.update_success');
    equal(stats, '');
  });
});

interface Mesh extends AsyncDisposable {
  readonly fetchThroughEnvoy: () => Promise<string>;
  readonly admin: (path: string) => Promise<string>;
  readonly writeConfig: (file: string, text: string) => Promise<void>;
  readonly discoveryLog: () => Promise<string>;
  readonly portOf: (backend: 'one' | 'two') => number;
}

async function startMesh(binary: string, apiType: string, overrides: { token?: string } = {}): Promise<Mesh> {
  await using opened = new AsyncDisposableStack();
  const { path: folder } = opened.use(await temporaryDirectory());
  const backends = { one: opened.use(await backend('one')), two: opened.use(await backend('two')) };
  const portOf = (name: 'one' | 'two'): number => portOfServer(backends[name]);
  const configFolder = join(folder, 'config');
  await mkdir(configFolder);
  const writeConfig = async (file: string, text: string): Promise<void> => {
    await writeFile(join(folder, file), text);
    await rename(join(folder, file), join(configFolder, file));
  };
  await writeConfig('clusters.yaml', clusters('1s'));
  await writeConfig('endpoints.yaml', endpoints(portOf('one')));
  await writeConfig('listeners.yaml', LISTENERS);

  const log = join(folder, 'discovery.log');
  const state = ['--state-dir', join(folder, 'state')];
  const flags = ['--config-dir', configFolder, ...state, '--port', '0', '--log_target', log];
  opened.use(childProcess(process.execPath, [AGENT, 'discovery', ...flags]));
  const discoveryLog = (): Promise<string> => readFile(log, 'utf8');
  const port = await eventually(async () => {
    const [, found] = /listen on 127\.0\.0\.1:(\d+)/.exec(await discoveryLog()) ?? [];
    ok(found !== undefined, 'the control plane does not listen yet');
    return Number(found);
  });
  const names = ['--namespace', 'shop', '--service-account', 'web'];
  const token = overrides.token ?? (await outputOf([AGENT, 'discovery', 'token', ...state, ...names]));

  const adminFile = join(folder, 'admin');
  const bootstrapFile = join(folder, 'envoy.json');
  const rootFile = join(folder, 'state/root-cert.pem');
  await writeFile(bootstrapFile, JSON.stringify(bootstrap({ apiType, port, rootFile, token: token.trim() })));
  const envoyFlags = ['-c', bootstrapFile, '--disable-hot-restart', '--concurrency', '1'];
  opened.use(childProcess(binary, [...envoyFlags, '--admin-address-path', adminFile, '-l', 'error']));
  const adminAddress = await eventually(async () => {
    const address = await readFile(adminFile, 'utf8');
    ok(address !== '', 'the admin port is not known yet');
    return address;
  });
  const admin = (path: string): Promise<string> => textOf(`http://${adminAddress}${path}`);
  const fetchThroughEnvoy = async (): Promise<string> => {
    const [, address] = /web::(.+)/.exec(await admin('/listeners')) ?? [];
    ok(address !== undefined, 'Envoy has no listener yet');
    return textOf(`http://${address}/`);
  };
  const all = opened.move();
  const dispose = (): Promise<void> => all.disposeAsync();
  return { fetchThroughEnvoy, admin, writeConfig, discoveryLog, portOf, [Symbol.asyncDispose]: dispose };
}

function clusters(connectTimeout: string): string {
  return `
resources:
  - "@type": ${PREFIX}envoy.config.cluster.v3.Cluster
    name: web
    type: EDS
    connect_timeout: ${connectTimeout}
    eds_cluster_config: { eds_config: { ads: {}, resource_api_version: V3 } }
`;
}

function endpoints(port: number): string {
  return `
resources:
  - "@type": ${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment
    cluster_name: web
    endpoints:
      - lbEndpoints:
          - endpoint: { address: { socketAddress: { address: 127.0.0.1, portValue: ${port} } } }
`;
}

const LISTENERS = `
nodes: ["sidecar~*~web-*"]
resources:
  - "@type": ${PREFIX}envoy.config.listener.v3.Listener
    name: web
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
      - filters:
          - name: envoy.filters.network.http_connection_manager
            typed_config:
              "@type": ${PREFIX}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
              stat_prefix: web
              rds: { route_config_name: web, config_source: { ads: {}, resource_api_version: V3 } }
              http_filters:
                - name: envoy.filters.http.router
                  typed_config: { "@type": ${PREFIX}envoy.extensions.filters.http.router.v3.Router }
  - "@type": ${PREFIX}envoy.config.route.v3.RouteConfiguration
    name: web
    virtual_hosts:
      - { name: all, domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: web } }] }
`;

interface BootstrapInput {
  readonly apiType: string;
  readonly port: number;
  readonly rootFile: string;
  readonly token: string;
}

function bootstrap({ apiType, port, rootFile, token }: BootstrapInput): object {
  const source = { ads: {}, resource_api_version: 'V3' };
  return {
    node: { id: NODE_ID, cluster: 'web.shop' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      cds_config: source,
      lds_config: source,
      ads_config: {
        api_type: apiType,
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: { cluster_name: 'discovery' },
            initial_metadata: [{ key: 'authorization', value: `Bearer ${token}` }],
          },
        ],
      },
    },
    static_resources: { clusters: [discoveryCluster(port, rootFile)] },
  };
}

function discoveryCluster(port: number, rootFile: string): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return {
    name: 'discovery',
    load_assignment: {
      cluster_name: 'discovery',
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${PREFIX}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': `${PREFIX}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
        sni: 'istiod.istio-system.svc',
        common_tls_context: {
          validation_context: {
            trusted_ca: { filename: rootFile },
            match_typed_subject_alt_names: [
              { san_type: 'DNS', matcher: { exact: 'istiod.istio-system.svc' } },
            ],
          },
        },
      },
    },
  };
}

/** An HTTP server that answers with its name. */
async function backend(name: string): Promise<Server & AsyncDisposable> {
  const server = createServer((_request, response) => response.end(name));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function portOfServer(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A process that is ended, and waited for, with the scope. */
function childProcess(file: string, args: readonly string[]): AsyncDisposable {
  const child: ChildProcess = spawn(file, args, { stdio: 'ignore' });
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  const dispose = async (): Promise<void> => {
    child.kill('SIGTERM');
    await gone;
  };
  return { [Symbol.asyncDispose]: dispose };
}

async function outputOf(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return (await child.stdout.toArray()).join('');
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  const text = await response.text();
  equal(response.status, 200, text);
  return text;
}

/** Repeats until it no longer throws; after `withinMs` it fails as the last attempt did. */
async function eventually<T>(attempt: () => Promise<T>, withinMs = 20_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
