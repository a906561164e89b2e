// One stream to the control plane on a connection of its own. The connection is never shared and never reused: a
// new stream may reach another replica, with the certificates and the token of that moment.
// Upstream counterpart: istio pkg/istio-agent/xds_proxy.go buildUpstreamClient.

import { setImmediate as nextTurn } from 'node:timers/promises';

import {
  Client,
  connectivityState,
  status as Status,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientDuplexStream,
  type Metadata,
} from '@grpc/grpc-js';

import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { messageOf } from '../runtime/errors.ts';
import type { BytesMethod } from '../runtime/grpc.ts';
import { SeverableCredentials } from '../runtime/severable-credentials.ts';
import { abortable } from '../runtime/tasks.ts';
import { Ending } from './endings.ts';
import { responseGate } from './response-gate.ts';

/** Where the control plane is and how the agent proves who it is; asked anew for every stream. */
export interface Upstream {
  readonly dial: (signal: AbortSignal) => Promise<UpstreamTarget>;
}

export interface UpstreamTarget {
  /** `host:port`, as gRPC targets are written. */
  readonly target: string;
  readonly credentials: ChannelCredentials;
  /** How the connection is kept and tuned, and the name to verify. What the proxy relies on it sets itself. */
  readonly options: ChannelOptions;
  /** Token, cluster id and the like: sent with the call. */
  readonly metadata: Metadata;
}

export interface UpstreamConnectionDeps {
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly method: BytesMethod;
  /** The next response is read only after the promise has resolved; it must not reject. */
  readonly onResponse: (bytes: Buffer) => Promise<void>;
}

/** grpc-js has no limit of its own: a peer that accepts and stays silent would hold the stream for ever. */
const CONNECT_DEADLINE_MS = 20 * SECOND_MS;

/** What the proxy's promises to Envoy stand on, whatever the dialer says. */
const FIXED_OPTIONS: ChannelOptions = {
  'grpc.use_local_subchannel_pool': 1, // one connection per stream
  'grpc.enable_retries': 0, // Envoy must see every loss
  'grpc.max_receive_message_length': -1, // pushes have no limit
  'grpc.enable_channelz': 0, // spares its bookkeeping per message
};

/** How long the control plane may take to end a stream the client has ended in order. */
const HALF_CLOSE_LINGER_MS = SECOND_MS;

/** The dial failed before there was anything to connect to; a class of its own because it is counted apart. */
export class UpstreamNotBuilt extends Ending {
  constructor(cause: unknown) {
    super('upstream', Status.UNAVAILABLE, `failed to connect to upstream: ${messageOf(cause)}`, cause);
  }
}

export class UpstreamConnection implements AsyncDisposable {
  /** How the control plane ended the stream; never rejects. */
  readonly ended: Promise<Ending>;
  readonly #built: BuiltClient;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #clock: Clock;

  /**
   * Connects and opens the stream.
   *
   * @throws Ending when no connection comes about: the first failed attempt counts
   * @throws the signal's reason
   */
  static async open(deps: UpstreamConnectionDeps, signal: AbortSignal): Promise<UpstreamConnection> {
    const { upstream, clock, method, onResponse } = deps;
    const built = await buildClient(upstream, signal);
    const { client, metadata, sever } = built;
    try {
      const ready = await firstAttempt(client, clock, signal);
      const interceptors = [responseGate(onResponse)];
      const { path, requestSerialize, responseDeserialize } = method;
      const options = { interceptors };
      const call = client.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        metadata,
        options,
      );
      const connection = new UpstreamConnection(built, call, clock);
      if (!ready) throw await abortable(connection.ended, signal); // the call fails at once and knows why
      return connection;
    } catch (error) {
      client.close();
      sever();
      throw error;
    }
  }

  private constructor(built: BuiltClient, call: ClientDuplexStream<Buffer, Buffer>, clock: Clock) {
    this.#built = built;
    this.#call = call;
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      call.once('status', ({ code, details }) => resolve(new Ending('upstream', code, details)));
    });
    call.on('error', () => undefined); // the status event follows and says the same
    call.resume(); // the interceptor has handled the messages already
  }

  /** Address of the control plane as it was reached. */
  get peer(): string {
    return this.#call.getPeer();
  }

  /** Resolves when HTTP/2 has taken the bytes; on a call that has ended it may stay pending. */
  async send(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#call.write(bytes, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
    });
    await abortable(written, signal);
  }

  /** Tells the control plane that no request follows, and gives it a moment to end the stream itself. */
  async finish(): Promise<void> {
    this.#call.end();
    const waiting = new AbortController();
    const linger = this.#clock.sleep(HALF_CLOSE_LINGER_MS, waiting.signal).catch(() => undefined);
    await Promise.race([this.ended, linger]);
    waiting.abort();
    await this.close();
  }

  /** Nothing is left of the connection, whatever the control plane does. */
  async close(): Promise<void> {
    const { client, sever } = this.#built;
    this.#call.cancel();
    client.close();
    await this.ended;
    await nextTurn(); // the cancellation goes out in this one
    sever(); // grpc-js would wait for the control plane to close its side
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface BuiltClient {
  readonly client: Client;
  readonly metadata: Metadata;
  /** Cuts the client's connection, in whatever state it is. */
  readonly sever: () => void;
}

async function buildClient(upstream: Upstream, signal: AbortSignal): Promise<BuiltClient> {
  try {
    const { target, options, metadata, ...dialed } = await abortable(upstream.dial(signal), signal);
    const credentials = new SeverableCredentials(dialed.credentials);
    const client = new Client(target, credentials, { ...options, ...FIXED_OPTIONS });
    return { client, metadata, sever: () => credentials.sever() };
  } catch (error) {
    signal.throwIfAborted();
    throw new UpstreamNotBuilt(error);
  }
}

/** True once connected, false as soon as the first attempt has failed. */
async function firstAttempt(client: Client, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const waiting = new AbortController();
  const expired = clock.sleep(CONNECT_DEADLINE_MS, waiting.signal).then(() => {
    throw new Ending('upstream', Status.UNAVAILABLE, 'upstream connect timeout');
  });
  expired.catch(() => undefined); // when the race is over the sleep is aborted and nobody listens
  try {
    return await abortable(Promise.race([settledState(client), expired]), signal);
  } finally {
    waiting.abort();
  }
}

async function settledState(client: Client): Promise<boolean> {
  const channel = client.getChannel();
  channel.getConnectivityState(true); // once only: on a client closed meanwhile it would connect again
  for (;;) {
    const state = channel.getConnectivityState(false);
    if (state === connectivityState.READY) return true;
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return false;
    await new Promise<void>((resolve) => {
      channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => resolve());
    });
  }
}
