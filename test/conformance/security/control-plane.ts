// `control-plane`: a CA that shows the certificates of the folder, over real TLS on loopback, asked by the product's own
// client. What is valid must be valid now, so the folder's certificates are those that last.

import assert from 'node:assert/strict';
import { join } from 'node:path';

import { Server, ServerCredentials } from '@grpc/grpc-js';

import { loadMessages } from '../../../src/proto/messages.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { bytesMethod } from '../../../src/runtime/grpc.ts';
import { CaClient } from '../../../src/security/ca/ca-client.ts';
import { UpstreamDialer, type TlsSettings } from '../../../src/security/upstream/dialer.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentMeter } from '../../support/silent-meter.ts';
import type { ConformanceCase } from '../case.ts';
import { belongsTo, bundles, foldersOf, hasIssued, pemFiles, type PemFile } from './folder.ts';

const METHOD = bytesMethod('/istio.v1.auth.IstioCertificateService/CreateCertificate', false);
const ANSWER = ['leaf', 'root'];

interface Shown {
  readonly chain: PemFile;
  readonly key: PemFile;
  /** DNS names. */
  readonly names: readonly string[];
}

export async function* controlPlaneCases(
  directory: string,
  folder: string,
  others: readonly PemFile[],
): AsyncIterable<ConformanceCase> {
  const files = await pemFiles(directory, folder);
  const server = pairsOf(files).find(({ names }) => names.length > 0);
  const roots = bundles(files);
  if (server === undefined) return;
  const [name = ''] = server.names;
  for (const root of roots) {
    for (const each of server.names) {
      yield { name: `tls: ${each} under ${root.name}`, run: () => reach(server, { root, name: each }) };
    }
    yield {
      name: `tls: another name under ${root.name}`,
      run: () => assert.rejects(reach(server, { root, name: 'other.example' }), /is for another name/),
    };
  }
  for (const root of bundles(others).filter((bundle) => !signed(bundle, server))) {
    const refused = (): Promise<void> =>
      assert.rejects(reach(server, { root, name }), /not signed by a root/);
    yield { name: `tls: ${name} under ${root.name}`, run: refused };
  }
  for (const below of (await foldersOf(directory, folder)).slice(1)) {
    yield* clientCases(directory, below, server, name);
  }
}

function signed({ certificates: roots }: PemFile, { chain }: Shown): boolean {
  const [leaf] = chain.certificates;
  return leaf !== undefined && roots.some((root) => hasIssued(root, leaf));
}

/** The folder holds what PROV_CERT names: the server takes callers that show it and no others. */
async function* clientCases(
  directory: string,
  folder: string,
  server: Shown,
  name: string,
): AsyncIterable<ConformanceCase> {
  const files = await pemFiles(directory, folder);
  const [root] = bundles(files);
  if (root === undefined) return;
  const clientCertificate = {
    chainPath: join(directory, folder, 'cert-chain.pem'),
    keyPath: join(directory, folder, 'key.pem'),
  };
  const asked = { root, name, onlyCertificates: true };
  yield { name: `tls: client ${folder}`, run: () => reach(server, { ...asked, clientCertificate }) };
  yield {
    name: `tls: no client of ${folder}`,
    run: () => assert.rejects(reach(server, asked), /Unavailable/),
  };
}

function pairsOf(files: readonly PemFile[]): Shown[] {
  return files.flatMap((chain) => {
    const [leaf] = chain.certificates;
    const key = files.find((file) => file.key !== undefined && belongsTo(file.key, leaf));
    if (leaf === undefined || leaf.ca || key === undefined) return [];
    const names = (leaf.subjectAltName ?? '').split(', ').filter((each) => each.startsWith('DNS:'));
    return [{ chain, key, names: names.map((each) => each.slice('DNS:'.length)) }];
  });
}

interface Asked {
  readonly root: PemFile;
  /** That the server is asked for. */
  readonly name: string;
  readonly clientCertificate?: TlsSettings['clientCertificate'];
  /** The server takes no caller without a certificate. */
  readonly onlyCertificates?: boolean;
}

/** Resolves when the CA was asked and its answer has come. */
async function reach(
  shown: Shown,
  { root, name, clientCertificate, onlyCertificates }: Asked,
): Promise<void> {
  const { server, port } = await serve(shown, root, onlyCertificates ?? false);
  try {
    const { log } = recordingLog();
    const clock = systemClock();
    const dialer = new UpstreamDialer(
      {
        address: `127.0.0.1:${port}`,
        tls: {
          root: { kind: 'file', path: root.path, name: root.name },
          serverName: name,
          clientCertificate,
          compliancePolicy: '',
        },
        clusterId: '',
        headers: {},
        keepaliveMs: 30_000,
        keepaliveTimeoutMs: 10_000,
      },
      {
        token: { read: async () => undefined, expiresMs: undefined, run: async () => undefined },
        clock,
        log,
      },
    );
    const deps = { dialer, clock: hasty(clock), random: () => 0, log, meter: silentMeter() };
    const ca = new CaClient({ certSigner: '' }, { ...deps, messages: async () => loadMessages() });
    assert.deepEqual(await ca.signCsr('CSR', 60, AbortSignal.timeout(5000)), ANSWER);
  } finally {
    server.forceShutdown();
  }
}

/** Waits between attempts are not the subject. */
function hasty(clock: ReturnType<typeof systemClock>): ReturnType<typeof systemClock> {
  return { ...clock, sleep: (ms, signal) => clock.sleep(ms < 1000 ? 1 : ms, signal) };
}

async function serve(
  { chain, key }: Shown,
  root: PemFile,
  onlyCertificates: boolean,
): Promise<{ server: Server; port: number }> {
  const certChain = loadMessages().certificateResponse.encode({ certChain: ANSWER });
  const server = new Server();
  server.addService(
    { create: METHOD },
    { create: (_call: unknown, reply: (error: null, answer: Buffer) => void) => reply(null, certChain) },
  );
  const pair = { cert_chain: Buffer.from(chain.text), private_key: Buffer.from(key.text) };
  const credentials = ServerCredentials.createSsl(Buffer.from(root.text), [pair], onlyCertificates);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { server, port };
}
