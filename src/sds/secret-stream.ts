// One SDS stream: takes requests and changes one after another, requests first, and sends the secrets that are due.
// What a request means is decided by the state machine of xds/. Upstream counterpart: istio pkg/xds/server.go Stream.

import { status as Status, type ServerDuplexStream } from '@grpc/grpc-js';

import type { Any, DiscoveryRequest, Messages, MessagesLoader } from '../proto/messages.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable } from '../runtime/tasks.ts';
import type { Wanted } from '../xds/outcome.ts';
import { SotwStream } from '../xds/sotw-stream.ts';
import { HEALTH_TYPE, SECRET_TYPE } from '../xds/type-urls.ts';
import type { SecretFaults } from './secret-faults.ts';
import { secretResource } from './secret-resource.ts';
import type { SecretSource } from './secret-source.ts';

export interface SdsMetrics {
  /** `pilot_total_xds_rejects`: Envoy refused a secret. */
  readonly rejected: (reason: string) => void;
  /** `pilot_xds_expired_nonce`: an answer to a response that a newer one has replaced. */
  readonly staleNonce: () => void;
  /** `pilot_total_xds_internal_errors`: a stream ended with an error of ours. */
  readonly failed: () => void;
}

export interface SecretStreamDeps {
  readonly call: ServerDuplexStream<Buffer, Buffer>;
  /** Number of the stream, for logs. */
  readonly id: number;
  readonly source: Pick<SecretSource, 'get'>;
  readonly messages: MessagesLoader;
  /** Makes the version of the next response. */
  readonly nextVersion: () => string;
  readonly log: Log;
  /** Of all streams together. */
  readonly faults: SecretFaults;
  readonly metrics: SdsMetrics;
}

/** Ends a stream with this gRPC status. */
class StreamFailure extends AgentError {
  readonly code: Status;

  constructor(code: Status, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The source has no such secret now; the client asks again. */
class SecretNotGiven extends StreamFailure {
  readonly secret: string;

  constructor(secret: string, cause: unknown) {
    super(Status.UNKNOWN, `failed to generate secret for ${secret}: ${messageOf(cause)}`, cause);
    this.secret = secret;
  }
}

/** The client has ended the stream, or the server closes: nothing went wrong. */
class StreamOver extends AgentError {}

export class SecretStream {
  readonly #deps: SecretStreamDeps;
  readonly #machine = new SotwStream();
  readonly #over = new AbortController();
  readonly #requests: Buffer[] = [];
  /** Names with a new value; several changes of one name before its turn are one. */
  readonly #changed = new Set<string>();
  #work = Promise.withResolvers<void>();
  #halfClosed = false;
  /** Id of the node, once the first request has named it. */
  #nodeId: string | undefined;

  constructor(deps: SecretStreamDeps) {
    this.#deps = deps;
  }

  /** Serves the stream until it ends; never rejects. */
  async serve(): Promise<void> {
    const { call, id, log, faults, metrics } = this.#deps;
    this.#listen();
    const error: unknown = await this.#turns(this.#over.signal).catch((reason: unknown) => reason);
    this.end();
    if (error instanceof StreamOver) {
      log.info(`ADS: "" ${id} terminated`);
      call.end();
      return;
    }
    metrics.failed();
    if (error instanceof SecretNotGiven) faults.failed(error.secret, error.message, id);
    else log.error(`ADS: "" ${id} terminated with error: ${messageOf(error)}`);
    const code = error instanceof StreamFailure ? error.code : Status.INTERNAL;
    call.emit('error', { code, details: messageOf(error) });
  }

  /** A secret has a new value; it is sent if the client watches it, when the stream is free. */
  changed(name: string): void {
    this.#changed.add(name);
    this.#work.resolve();
  }

  end(): void {
    this.#over.abort(new StreamOver('the stream is over'));
  }

  #listen(): void {
    const { call } = this.#deps;
    call.on('data', (bytes: Buffer) => {
      this.#requests.push(bytes);
      this.#work.resolve();
    });
    call.once('end', () => {
      this.#halfClosed = true; // what was asked before is still answered
      this.#work.resolve();
    });
    call.once('cancelled', () => this.end());
  }

  /** Never returns: it ends by throwing why. */
  async #turns(signal: AbortSignal): Promise<never> {
    for (;;) {
      signal.throwIfAborted();
      const request = this.#requests.shift();
      const [changed] = this.#changed;
      if (request !== undefined) await this.#onRequest(request, signal);
      else if (changed !== undefined) await this.#onChange(changed, signal);
      else if (this.#halfClosed) throw new StreamOver('the client asks no more');
      else {
        this.#work = Promise.withResolvers();
        await abortable(this.#work.promise, signal);
      }
    }
  }

  async #onRequest(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const { discoveryRequest } = await this.#deps.messages();
    const request = discoveryRequest.decode(bytes);
    if (this.#nodeId === undefined) {
      if (request.typeUrl === HEALTH_TYPE) return; // of a client that takes this for an ADS stream
      this.#identify(request);
    }
    if (request.typeUrl !== '' && request.typeUrl !== SECRET_TYPE) {
      throw new StreamFailure(Status.INVALID_ARGUMENT, `unsupported type url ${request.typeUrl}`);
    }
    const { meaning, send } = this.#machine.onRequest({ ...request, typeUrl: SECRET_TYPE });
    if (meaning === 'nack') this.#onRefusal(request);
    if (meaning === 'stale') this.#deps.metrics.staleNonce();
    if (send !== undefined) await this.#send(send, signal);
  }

  #identify({ node }: DiscoveryRequest): void {
    if (!node?.id) throw new StreamFailure(Status.INVALID_ARGUMENT, 'missing node information');
    this.#nodeId = node.id;
    this.#deps.log.info(`ADS: new connection for node:${this.#deps.id}`, { node: node.id });
  }

  #onRefusal({ errorDetail }: DiscoveryRequest): void {
    const { id, log, metrics } = this.#deps;
    const reason = `${errorDetail?.code}:${errorDetail?.message}`;
    metrics.rejected(reason);
    log.warn(`ADS:SDS: ACK ERROR ${this.#nodeId}-${id} ${reason}`);
  }

  async #onChange(name: string, signal: AbortSignal): Promise<void> {
    this.#changed.delete(name);
    const send = this.#machine.onChange(SECRET_TYPE, [name]);
    if (send !== undefined) await this.#send(send, signal);
  }

  async #send(wanted: Wanted, signal: AbortSignal): Promise<void> {
    const { call, nextVersion, log, id } = this.#deps;
    const messages = await this.#deps.messages();
    const names = wanted === 'all' ? ['*'] : wanted; // there is no "all secrets": the source refuses the name
    const resources = await Promise.all(names.map((name) => this.#resource(name, messages, signal)));
    const response = this.#machine.respond(SECRET_TYPE, nextVersion(), resources);
    const written = new Promise<void>((resolve) => {
      call.write(messages.discoveryResponse.encode(response), () => resolve());
    });
    await abortable(written, signal);
    log.debug(`SDS: PUSH for node:${id} resources:${names.join(',')}`);
  }

  async #resource(name: string, messages: Messages, signal: AbortSignal): Promise<Any> {
    const { source, faults } = this.#deps;
    try {
      const resource = secretResource(await abortable(source.get(name, signal), signal), messages);
      faults.given(name);
      return resource;
    } catch (error) {
      signal.throwIfAborted();
      throw new SecretNotGiven(name, error);
    }
  }
}
