// Envoy's side of an SDS stream over the server's Unix socket.

import { Client, credentials, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';

import { loadMessages, type DiscoveryRequest, type Secret } from '../../src/proto/messages.ts';
import { bytesMethod } from '../../src/runtime/grpc.ts';
import { SECRET_TYPE } from '../../src/xds/type-urls.ts';
import { Inbox } from '../support/inbox.ts';

const messages = loadMessages();

export interface SecretsResponse {
  readonly version: string;
  readonly nonce: string;
  readonly typeUrl: string;
  readonly secrets: readonly Secret[];
}

export class SdsClient implements Disposable {
  readonly responses = new Inbox<SecretsResponse>();
  readonly status: Promise<StatusObject>;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;

  constructor(socketPath: string, method = 'StreamSecrets') {
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
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
  ask(resourceNames: string[], parts: Partial<DiscoveryRequest> = {}): void {
    const node = { id: 'sidecar~10.0.0.1~a.b~b.svc.cluster.local', cluster: 'a' };
    const request = {
      versionInfo: '',
      typeUrl: SECRET_TYPE,
      responseNonce: '',
      node,
      resourceNames,
      ...parts,
    };
    this.#call.write(messages.discoveryRequest.encode(request));
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
