// Envoy's side of the xDS socket, in bytes: one connection, and streams on it that can stop reading for real. A paused
// stream of grpc-js goes on to fill a buffer of its own; this one holds one response and leaves the rest to the sender.

import {
  Client,
  credentials,
  InterceptingCall,
  Metadata,
  type ClientDuplexStream,
  type Interceptor,
  type StatusObject,
} from '@grpc/grpc-js';

import { SeverableCredentials } from '../../../../src/runtime/severable-credentials.ts';
import type { Kind } from '../../../../src/xds-proxy/envelopes.ts';
import { Inbox } from '../../../support/inbox.ts';
import { ADS_METHODS } from '../../../xds-proxy/control-plane.ts';

export class EnvoyConnection implements Disposable {
  readonly #client: Client;
  readonly #credentials = new SeverableCredentials(credentials.createInsecure());
  readonly #streams: EnvoyStream[] = [];

  constructor(socketPath: string) {
    this.#client = new Client(`unix:${socketPath}`, this.#credentials, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.enable_channelz': 0,
    });
  }

  /** @param generation value of `x-agent-generation`; absent: no header */
  open(kind: Kind, generation?: string): EnvoyStream {
    const stream = new EnvoyStream(this.#client, kind, generation);
    this.#streams.push(stream);
    return stream;
  }

  /** Ends its streams, too: grpc-js would keep the connection for as long as they last. */
  close(): void {
    for (const stream of this.#streams) stream.cancel();
    this.#client.close();
  }

  /** Cuts the socket in the middle of whatever is going on, as the death of an Envoy does. */
  cut(): void {
    this.#credentials.sever();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export class EnvoyStream {
  readonly kind: Kind;
  /** Responses taken, in order. */
  readonly responses = new Inbox<Buffer>();
  /** How the stream ended. */
  readonly status: Promise<StatusObject>;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  /** Resolved while the stream reads. */
  #gate: PromiseWithResolvers<void> = openGate();
  #inHand = 0;
  #isOver = false;

  constructor(client: Client, kind: Kind, generation?: string) {
    this.kind = kind;
    const metadata = new Metadata();
    if (generation !== undefined) metadata.set('x-agent-generation', generation);
    const { path, requestSerialize, responseDeserialize } = ADS_METHODS[kind];
    const options = { interceptors: [this.#gated] };
    this.#call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
    this.status = new Promise((resolve) => {
      this.#call.once('status', (status) => {
        this.#isOver = true;
        resolve(status);
      });
    });
    this.#call.on('error', () => undefined); // told by the status
    this.#call.resume(); // the interceptor has taken the messages already
  }

  /** The stream has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Responses off the wire that wait for the stream to read on. */
  get inHand(): number {
    return this.#inHand;
  }

  send(...requests: readonly Buffer[]): void {
    for (const bytes of requests) this.#call.write(bytes);
  }

  /** From now on one more response is taken off the wire, and stays in hand. */
  stopReading(): void {
    this.#gate = Promise.withResolvers();
  }

  readOn(): void {
    this.#gate.resolve();
  }

  halfClose(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  async #taken(bytes: Buffer): Promise<void> {
    await this.#gate.promise;
    this.#inHand -= 1;
    this.responses.add(bytes);
  }

  readonly #gated: Interceptor = (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) => {
        next(metadata, {
          onReceiveMessage: (bytes: Buffer, done) => {
            this.#inHand += 1;
            void this.#taken(bytes).finally(() => done(bytes));
          },
        });
      },
    });
}

function openGate(): PromiseWithResolvers<void> {
  const gate = Promise.withResolvers<void>();
  gate.resolve();
  return gate;
}
