// Envoy's side of SDS streams over the server's Unix socket.

import { Client, credentials, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';

import { loadMessages, type DiscoveryRequest, type Secret } from '../../src/proto/messages.ts';
import { bytesMethod } from '../../src/runtime/grpc.ts';
import { SECRET_TYPE } from '../../src/xds/type-urls.ts';
import { Inbox } from '../support/inbox.ts';

const messages = loadMessages();

export const NODE_ID = 'sidecar~10.0.0.1~a.b~b.svc.cluster.local';

export interface SecretsResponse {
  readonly version: string;
  readonly nonce: string;
  readonly typeUrl: string;
  readonly secrets: readonly Secret[];
}

/** A connection that several streams can share. */
export function connection(socketPath: string): Client {
  return new Client(`unix:${socketPath}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
}

export class SdsClient implements Disposable {
  readonly responses = new Inbox<SecretsResponse>();
  readonly status: Promise<StatusObject>;
  /** Requests that have left. */
  sent = 0;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;

  /** @param to the socket, or a connection to share */
  constructor(to: string | Client, method = 'StreamSecrets') {
    this.#client = typeof to === 'string' ? connection(to) : to;
    const { path, requestSerialize, responseDeserialize } = bytesMethod(
      `/envoy.service.secret.v3.SecretDiscoveryService/${method}`,
      true,
    );
    this.#call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, {});
    this.status = new Promise((resolve) => {
      this.#call.once('status', resolve);
    });
    this.#call.on('error', () => undefined); // told by the status
    this.#call.on('data', (bytes: Buffer) => this.responses.add(read(bytes)));
  }

  /** Asks for names; the node is sent with it unless told otherwise. */
  ask(resourceNames: readonly string[], parts: Partial<DiscoveryRequest> = {}): void {
    const request = {
      versionInfo: '',
      typeUrl: SECRET_TYPE,
      responseNonce: '',
      node: { id: NODE_ID, cluster: 'a' },
      resourceNames: [...resourceNames],
      ...parts,
    };
    this.#call.write(messages.discoveryRequest.encode(request), () => void (this.sent += 1));
  }

  /** Asks, and waits for the answer. */
  async get(...resourceNames: string[]): Promise<SecretsResponse> {
    this.ask(resourceNames);
    return this.responses.next();
  }

  /** Accepts a response and goes on watching these names. */
  accept({ nonce, version }: SecretsResponse, resourceNames: readonly string[]): void {
    this.ask(resourceNames, { responseNonce: nonce, versionInfo: version, node: null });
  }

  /** Reads no more for now. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  halfClose(): void {
    this.#call.end();
  }

  cut(): void {
    this.#call.cancel();
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.cut();
  }
}

function read(bytes: Buffer): SecretsResponse {
  const { versionInfo, nonce, typeUrl, resources } = messages.discoveryResponse.decode(bytes);
  const secrets = resources.map(({ value }) => messages.secret.decode(value));
  return { version: versionInfo, nonce, typeUrl, secrets };
}
