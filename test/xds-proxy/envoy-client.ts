// Envoy's side of an ADS stream, in bytes, over the proxy's Unix socket.

import { Client, credentials, Metadata, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';

import type { Kind } from '../../src/xds-proxy/envelopes.ts';
import { ADS_METHODS } from './control-plane.ts';
import { Inbox } from '../support/inbox.ts';

export interface ClientStreamSettings {
  readonly kind?: Kind;
  /** Value of `x-agent-generation`; absent: no header. */
  readonly generation?: string;
  /** Do not take responses until `readOn()`. */
  readonly paused?: boolean;
}

export class ClientStream implements Disposable {
  readonly responses = new Inbox<Buffer>();
  /** How the proxy ended the stream. */
  readonly status: Promise<StatusObject>;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;

  constructor(socketPath: string, settings: ClientStreamSettings = {}) {
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.enable_channelz': 0,
    });
    const metadata = new Metadata();
    if (settings.generation !== undefined) metadata.set('x-agent-generation', settings.generation);
    const { path, requestSerialize, responseDeserialize } = ADS_METHODS[settings.kind ?? 'sotw'];
    this.#call = this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      {},
    );
    this.status = new Promise((resolve) => {
      this.#call.once('status', resolve);
    });
    this.#call.on('error', () => undefined); // told by the status
    if (settings.paused === true) this.#call.read(0); // fills the buffer of 16 and stops; without it grpc-js takes all
    else this.readOn();
  }

  send(...messages: readonly Buffer[]): void {
    for (const bytes of messages) this.#call.write(bytes);
  }

  readOn(): void {
    this.#call.on('data', (bytes: Buffer) => this.responses.add(bytes));
  }

  halfClose(): void {
    this.#call.end();
  }

  /** Cuts the stream and its connection. */
  cut(): void {
    this.#call.cancel();
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.cut();
  }
}
