// A control plane on a free port with a configuration directory of its own, and a client's side of its streams.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client, credentials, Metadata, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';

import { TokenIssuer } from '../../src/discovery/auth/token-issuer.ts';
import { startDiscovery, type Discovery, type DiscoverySettings } from '../../src/discovery/discovery.ts';
import {
  loadMessages,
  type Codec,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
} from '../../src/proto/messages.ts';
import { bytesMethod } from '../../src/runtime/grpc.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { recordingLog, type RecordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export const messages = loadMessages();

export interface TestDiscovery extends AsyncDisposable, RecordingLog {
  readonly discovery: Discovery;
  readonly stateDirectory: string;
  /** Replaces a file of the configuration directory as a whole. */
  readonly write: (file: string, text: string) => Promise<void>;
  /** A token of the control plane's own key. */
  readonly token: (namespace: string, serviceAccount: string) => Promise<string>;
  /** A client that trusts the control plane's root. */
  readonly connect: (token?: string, certificate?: ClientCertificate) => Promise<TestClient>;
}

/** PEM. */
export interface ClientCertificate {
  readonly chainPem: string;
  readonly keyPem: string;
}

export async function testDiscovery(
  files: Readonly<Record<string, string>>,
  settings: Partial<DiscoverySettings> = {},
): Promise<TestDiscovery> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(await temporaryDirectory());
  const configDirectory = join(directory.path, 'config');
  const stateDirectory = join(directory.path, 'state');
  await mkdir(configDirectory);
  const write = async (file: string, text: string): Promise<void> => {
    const temporary = join(directory.path, file);
    await writeFile(temporary, text);
    await rename(temporary, join(configDirectory, file));
  };
  for (const [file, text] of Object.entries(files)) await write(file, text);
  const recording = recordingLog();
  const discovery = opened.use(
    await startDiscovery(
      {
        configDirectory,
        stateDirectory,
        address: '127.0.0.1',
        port: 0,
        hosts: [],
        trustDomain: 'cluster.local',
        rootFiles: undefined,
        jwksFile: undefined,
        ...settings,
      },
      { clock: systemClock(), log: recording.log },
    ),
  );
  const all = opened.move();
  const token = async (namespace: string, serviceAccount: string): Promise<string> => {
    const issuer = await TokenIssuer.open(stateDirectory);
    return issuer.issue({ namespace, serviceAccount }, Date.now(), 60);
  };
  const connect = async (bearer?: string, certificate?: ClientCertificate): Promise<TestClient> => {
    const root = await readFile(discovery.rootCertificatePath);
    return all.adopt(new TestClient(discovery.port, root, bearer, certificate), (client) => client.close());
  };
  return {
    ...recording,
    discovery,
    stateDirectory,
    write,
    token,
    connect,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** One of the names in the service's certificate; an IP address would make Node warn. */
const SERVER_NAME = 'istiod.istio-system.svc';
const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

export class TestClient {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(port: number, root: Buffer, token?: string, certificate?: ClientCertificate) {
    const { chainPem, keyPem } = certificate ?? {};
    const [chain, key] = [chainPem, keyPem].map((pem) => (pem === undefined ? null : Buffer.from(pem)));
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createSsl(root, key, chain), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': SERVER_NAME,
    });
    if (token !== undefined) this.#metadata.set('authorization', `Bearer ${token}`);
  }

  sotw(): TestStream<DiscoveryRequest, DiscoveryResponse> {
    const stream = this.#stream(`${ADS}/StreamAggregatedResources`);
    return new TestStream(stream, messages.discoveryRequest, messages.discoveryResponse);
  }

  delta(): TestStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
    const stream = this.#stream(`${ADS}/DeltaAggregatedResources`);
    return new TestStream(stream, messages.deltaDiscoveryRequest, messages.deltaDiscoveryResponse);
  }

  /** Rejects with the call's ServiceError. */
  async createCertificate(csr: string, validityDuration: number): Promise<string[]> {
    const { path, requestSerialize, responseDeserialize } = bytesMethod(
      '/istio.v1.auth.IstioCertificateService/CreateCertificate',
      false,
    );
    const request = messages.certificateRequest.encode({ csr, validityDuration });
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata,
        (error, response) => {
          if (error) reject(error);
          else resolve(response ?? Buffer.alloc(0));
        },
      );
    });
    return messages.certificateResponse.decode(bytes).certChain;
  }

  close(): void {
    this.#client.close();
  }

  #stream(path: string): ClientDuplexStream<Buffer, Buffer> {
    const { requestSerialize, responseDeserialize } = bytesMethod(path, true);
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, this.#metadata);
  }
}

export class TestStream<Request, Response> {
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #requests: Codec<Request>;
  readonly #arrived: Response[] = [];
  readonly #waiting: ((response: Response) => void)[] = [];
  /** How the stream ended. */
  readonly ended: Promise<ServiceError | undefined>;

  constructor(
    stream: ClientDuplexStream<Buffer, Buffer>,
    requests: Codec<Request>,
    responses: Codec<Response>,
  ) {
    this.#stream = stream;
    this.#requests = requests;
    stream.on('data', (bytes: Buffer) => {
      const response = responses.decode(bytes);
      const waiting = this.#waiting.shift();
      if (waiting) waiting(response);
      else this.#arrived.push(response);
    });
    this.ended = new Promise((resolve) => {
      stream.on('error', (error: ServiceError) => resolve(error));
      stream.on('end', () => resolve(undefined));
    });
  }

  send(request: Request): void {
    this.#stream.write(this.#requests.encode(request));
  }

  /** The next response; a mocha timeout when none comes. */
  next(): Promise<Response> {
    const arrived = this.#arrived.shift();
    if (arrived !== undefined) return Promise.resolve(arrived);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Responses that came and were not asked for. */
  get unread(): number {
    return this.#arrived.length;
  }

  close(): void {
    this.#stream.end();
  }
}
