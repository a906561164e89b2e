// One SDS stream: takes requests and changes one after another, requests first, and sends the secrets that are due.
// One response is under way at a time, so a client that does not read holds up nobody else, and costs one response
// and the names that changed meanwhile. What a request means is decided by the state machine of xds/.
// Upstream counterpart: istio pkg/xds/server.go Stream.

import { status as Status, type ServerDuplexStream } from '@grpc/grpc-js';

import type { Any, DiscoveryRequest, Messages, MessagesLoader } from '../proto/messages.ts';
import { messageOf } from '../runtime/errors.ts';
import { codeName } from '../runtime/grpc-codes.ts';
import type { Log } from '../runtime/log.ts';
import { abortable } from '../runtime/tasks.ts';
import type { Wanted } from '../xds/outcome.ts';
import { SotwStream } from '../xds/sotw-stream.ts';
import { HEALTH_TYPE, SECRET_TYPE } from '../xds/type-urls.ts';
import type { SdsMetrics } from './metrics.ts';
import { checkRequest } from './request-check.ts';
import type { SecretFaults } from './secret-faults.ts';
import { secretResource, type KeyProvider } from './secret-resource.ts';
import type { SecretSource } from './secret-source.ts';
import { codeOf, isNormalEnd, SecretNotGiven, StreamFailure, StreamOver } from './stream-end.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface SecretStreamDeps {
  readonly call: ServerDuplexStream<Buffer, Buffer>;
  /** Number of the stream, for logs. */
  readonly id: number;
  readonly source: Pick<SecretSource, 'get'>;
  readonly keyProvider: KeyProvider | undefined;
  readonly messages: MessagesLoader;
  /** Makes the version of the next response. */
  readonly nextVersion: () => string;
  readonly log: Log;
  /** Of all streams together. */
  readonly faults: SecretFaults;
  readonly subscriptions: Subscriptions;
  readonly metrics: SdsMetrics;
}

/** Requests kept until their turn; a client that sends more waits. */
const MAX_REQUESTS = 16;

const NOTHING: ReadonlySet<string> = new Set();

export class SecretStream {
  readonly #deps: SecretStreamDeps;
  readonly #machine = new SotwStream();
  readonly #over = new AbortController();
  readonly #requests: Buffer[] = [];
  #watched = NOTHING;
  /** Watched names with a new value; several changes of one name before its turn are one. */
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
    const { call, id, log, metrics } = this.#deps;
    this.#listen();
    metrics.opened();
    const error: unknown = await this.#turns(this.#over.signal).catch((reason: unknown) => reason);
    this.end();
    this.#watch(NOTHING);
    metrics.ended();
    if (isNormalEnd(error)) {
      log.info(`ADS: "" ${id} terminated`);
      call.end();
      return;
    }
    this.#tell(error);
    call.emit('error', { code: codeOf(error), details: messageOf(error) });
  }

  /** A secret has a new value; it is sent if the client watches it, when the stream is free. */
  changed(name: string): void {
    if (!this.#watched.has(name)) return;
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
      if (this.#requests.length >= MAX_REQUESTS) call.pause();
      this.#work.resolve();
    });
    call.once('end', () => {
      this.#halfClosed = true; // what was asked before is still answered
      this.#work.resolve();
    });
    call.once('cancelled', () => this.end());
    call.on('error', (error: Error) => this.#over.abort(error));
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
      else await this.#more(signal);
    }
  }

  async #more(signal: AbortSignal): Promise<void> {
    this.#work = Promise.withResolvers();
    this.#deps.call.resume();
    await abortable(this.#work.promise, signal);
  }

  async #onRequest(bytes: Buffer, signal: AbortSignal): Promise<void> {
    const { discoveryRequest } = await this.#deps.messages();
    const request = discoveryRequest.decode(bytes);
    if (this.#nodeId === undefined) {
      if (request.typeUrl === HEALTH_TYPE) return; // of a client that takes this for an ADS stream
      this.#identify(request);
    }
    checkRequest(request);
    const { meaning, send } = this.#machine.onRequest({ ...request, typeUrl: SECRET_TYPE });
    this.#watch(this.#machine.watch(SECRET_TYPE)?.names ?? NOTHING);
    if (meaning === 'nack') this.#onRefusal(request);
    if (meaning === 'stale') this.#deps.metrics.staleNonce();
    if (send !== undefined) await this.#send(send, signal);
  }

  #identify({ node }: DiscoveryRequest): void {
    if (!node?.id) throw new StreamFailure(Status.INVALID_ARGUMENT, 'missing node information');
    this.#nodeId = node.id;
    this.#deps.log.info(`ADS: new connection for node:${this.#deps.id}`, { node: node.id });
  }

  #watch(names: ReadonlySet<string>): void {
    this.#deps.subscriptions.replace(this.#watched, names);
    this.#watched = names;
  }

  #onRefusal({ errorDetail }: DiscoveryRequest): void {
    const { id, log, metrics } = this.#deps;
    const { code = Status.UNKNOWN, message = '' } = errorDetail ?? {};
    metrics.rejected(codeName(code));
    log.warn(`ADS:SDS: ACK ERROR ${this.#nodeId}-${id} ${code}:${message}`);
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
    for (const name of names) this.#changed.delete(name); // what is read now is the newest
    const resources = await Promise.all(names.map((name) => this.#resource(name, messages, signal)));
    const response = this.#machine.respond(SECRET_TYPE, nextVersion(), resources);
    const written = new Promise<void>((resolve) => {
      call.write(messages.discoveryResponse.encode(response), () => resolve());
    });
    await abortable(written, signal);
    log.debug(`SDS: PUSH for node:${id} resources:${names.join(',')}`);
  }

  async #resource(name: string, messages: Messages, signal: AbortSignal): Promise<Any> {
    const { source, keyProvider, faults, metrics } = this.#deps;
    try {
      const item = await abortable(source.get(name, signal), signal);
      const resource = secretResource(item, messages, keyProvider);
      faults.given(name);
      metrics.pushed(name, 'success');
      return resource;
    } catch (error) {
      signal.throwIfAborted();
      metrics.pushed(name, 'error');
      throw new SecretNotGiven(name, error);
    }
  }

  #tell(error: unknown): void {
    const { id, log, faults, metrics } = this.#deps;
    metrics.failed();
    if (error instanceof SecretNotGiven) faults.failed(error.secret, error.message, id);
    else log.error(`ADS: "" ${id} terminated with error: ${messageOf(error)}`);
  }
}
