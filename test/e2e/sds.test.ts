import { equal, notEqual } from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { certificatePem } from '../../src/pki/certificates.ts';
import { issueLeaf, issueRoot, type Issuer } from '../../src/pki/issue.ts';
import { generateKeys, privateKeyPem, type KeyPair } from '../../src/pki/keys.ts';
import { loadMessages } from '../../src/proto/messages.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { execaSpawn } from '../../src/runtime/execa-spawn.ts';
import type { SecretItem, SecretSource } from '../../src/sds/secret-source.ts';
import { SdsServer } from '../../src/sds/server.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const HOUR_MS = 3_600_000;
const SPIFFE_ID = 'spiffe://cluster.local/ns/default/sa/web';

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
    await using workload = await Workload.create();
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
    const first = workload.certificate;

    await using envoy = await startEnvoy(directory.path, socketPath);
    await envoy.untilServed(first);
    await workload.rotate();
    await envoy.untilServed(workload.certificate);
    const { certificates } = await envoy.certs();

    notEqual(first.serialNumber, workload.certificate.serialNumber);
    equal(certificates[0]?.cert_chain[0]?.subject_alt_names[0]?.uri, SPIFFE_ID);
    equal(hex(certificates[0]?.ca_cert[0]?.serial_number), hex(workload.root.serialNumber));
    equal(logged('info').filter((line) => line.startsWith('ADS: new connection')).length, 2);
    equal(logged('warn').join('\n'), '');
  });
});

/** A workload with a CA of its own. */
class Workload implements SecretSource, AsyncDisposable {
  readonly root: X509Certificate;
  readonly #issuer: Issuer;
  readonly #listeners = new Set<(name: string) => void>();
  #current: { readonly keys: KeyPair; readonly certificate: X509Certificate };

  static async create(): Promise<Workload> {
    const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
    const root = await issueRoot(keys, { organization: 'test', ...validity() });
    const issuer = { certificate: root, privateKey: keys.privateKey };
    return new Workload(issuer, await certified(issuer));
  }

  private constructor(issuer: Issuer, current: { keys: KeyPair; certificate: X509Certificate }) {
    this.root = issuer.certificate;
    this.#issuer = issuer;
    this.#current = current;
  }

  get certificate(): X509Certificate {
    return this.#current.certificate;
  }

  async rotate(): Promise<void> {
    this.#current = await certified(this.#issuer);
    for (const listener of this.#listeners) listener('default');
  }

  get(name: string): Promise<SecretItem> {
    if (name === 'ROOTCA')
      return Promise.resolve({ kind: 'trust', name, rootPem: certificatePem(this.root) });
    const { keys, certificate } = this.#current;
    return Promise.resolve({
      kind: 'certificate',
      name,
      certificateChainPem: certificatePem(certificate),
      privateKeyPem: privateKeyPem(keys.privateKey, true),
    });
  }

  release(): void {
    // its secrets are kept whoever watches them
  }

  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
  }
}

async function certified(issuer: Issuer): Promise<{ keys: KeyPair; certificate: X509Certificate }> {
  const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
  const request = { publicKey: keys.publicKey, names: [SPIFFE_ID], ...validity() };
  return { keys, certificate: await issueLeaf(issuer, request) };
}

function validity(): { notBeforeMs: number; notAfterMs: number } {
  return { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + HOUR_MS };
}

interface AdminCertificate {
  readonly serial_number: string;
  readonly subject_alt_names: readonly { readonly uri?: string }[];
}

interface AdminCerts {
  readonly certificates: readonly {
    readonly ca_cert: readonly AdminCertificate[];
    readonly cert_chain: readonly AdminCertificate[];
  }[];
}

interface RunningEnvoy extends AsyncDisposable {
  readonly certs: () => Promise<AdminCerts>;
  /** Resolves once the listener shows this certificate. */
  readonly untilServed: (certificate: X509Certificate) => Promise<void>;
}

async function startEnvoy(directory: string, sdsSocket: string): Promise<RunningEnvoy> {
  const config = join(directory, 'envoy.json');
  const adminAddress = join(directory, 'admin');
  await writeFile(config, JSON.stringify(bootstrap(sdsSocket)));
  const flags = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'];
  const args = ['-c', config, '--admin-address-path', adminAddress, ...flags];
  const envoy = await execaSpawn({ file: await fetchEnvoy(), args });
  envoy.stdout.resume();
  envoy.stderr.resume();
  const certs = async (): Promise<AdminCerts> => {
    const address = await readFile(adminAddress, 'utf8');
    const answer = await fetch(`http://${address}/certs`, { headers: { connection: 'close' } });
    return (await answer.json()) as AdminCerts;
  };
  const untilServed = async (certificate: X509Certificate): Promise<void> => {
    for (const deadline = Date.now() + 20_000; ; await delay(50)) {
      const served = await certs().catch(() => undefined); // the admin port is not open yet
      const serial = served?.certificates[0]?.cert_chain[0]?.serial_number;
      if (hex(serial) === hex(certificate.serialNumber)) return;
      if (Date.now() > deadline) throw new Error(`Envoy shows ${serial}, not ${certificate.serialNumber}`);
    }
  };
  const stop = async (): Promise<void> => {
    envoy.signal('SIGTERM');
    await envoy.exited;
  };
  return { certs, untilServed, [Symbol.asyncDispose]: stop };
}

function hex(serial: string | undefined): string | undefined {
  return serial?.toLowerCase().replace(/^0+/, '');
}

/** A listener whose certificate and roots come from the SDS server, as the control plane would configure them. */
function bootstrap(sdsSocket: string): object {
  return {
    node: { id: 'sidecar~127.0.0.1~web.default~default.svc.cluster.local', cluster: 'web' },
    admin: { address: loopback() },
    static_resources: {
      clusters: [
        {
          name: 'sds-grpc',
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: 'sds-grpc',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: sdsSocket } } } }] }],
          },
        },
      ],
      listeners: [
        {
          name: 'inbound',
          address: loopback(),
          filter_chains: [
            {
              filters: [
                { name: 'envoy.filters.network.echo', typed_config: typed('filters.network.echo.v3.Echo') },
              ],
              transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: downstreamTls() },
            },
          ],
        },
      ],
    },
  };
}

function downstreamTls(): object {
  return {
    ...typed('transport_sockets.tls.v3.DownstreamTlsContext'),
    require_client_certificate: true,
    common_tls_context: {
      tls_certificate_sds_secret_configs: [sds('default')],
      combined_validation_context: {
        default_validation_context: {},
        validation_context_sds_secret_config: sds('ROOTCA'),
      },
    },
  };
}

function sds(name: string): object {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      initial_fetch_timeout: '0s',
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }],
      },
    },
  };
}

function typed(name: string): object {
  return { '@type': `type.googleapis.com/envoy.extensions.${name}` };
}

function loopback(): object {
  return { socket_address: { address: '127.0.0.1', port_value: 0 } };
}
