// Keeps a server at its socket for as long as the agent runs: goes on trying when it cannot listen, and listens again
// when somebody has removed the socket. Streams live on meanwhile. What is served is server.ts.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { backoffMs } from '../runtime/backoff.ts';
import { CauseLog } from '../runtime/cause-log.ts';
import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { messageOf } from '../runtime/errors.ts';
import type { GrpcSocketServer } from '../runtime/grpc.ts';
import type { Log } from '../runtime/log.ts';

export interface SocketListenerDeps {
  readonly path: string;
  /** Listens at the path, with the same services every time. */
  readonly open: () => Promise<GrpcSocketServer>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Waits after failed tries: 1, 2, 4, 8, 16 s, and 16 s from then on. */
const WAITS = { initialMs: SECOND_MS, maxMs: 16 * SECOND_MS };
/** After so many further tries it is said that the server could not be started. */
const TRIES = 5;
/** How often the socket is looked for, milliseconds. One system call: cheaper than a watch of its directory. */
const LOOK_MS = 2 * SECOND_MS;

const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;

export class SocketListener implements AsyncDisposable {
  readonly #deps: SocketListenerDeps;
  readonly #faults: CauseLog;
  readonly #closing = new AbortController();
  #server: GrpcSocketServer | undefined;
  /** Servers whose sockets were removed: they have the streams that were open then. */
  readonly #retired = new Set<GrpcSocketServer>();
  #keeping: Promise<void> = Promise.resolve();

  /** Tries once; what does not succeed then is tried again in the background. */
  static async start(deps: SocketListenerDeps): Promise<SocketListener> {
    const listener = new SocketListener(deps);
    await listener.#open();
    await listener.#judgeDirectory();
    listener.#keeping = listener.#keep();
    return listener;
  }

  private constructor(deps: SocketListenerDeps) {
    this.#deps = deps;
    this.#faults = new CauseLog(deps.log);
  }

  /** False before the first try that succeeds, and from the moment a lost socket is noticed until it is back. */
  get listening(): boolean {
    return this.#server !== undefined;
  }

  /** Ends every stream and removes the socket. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#keeping;
    await this.#server?.close();
    await Promise.all([...this.#retired].map((server) => server.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(): Promise<boolean> {
    try {
      this.#server = await this.#deps.open();
      this.#faults.clear();
      return true;
    } catch (error) {
      this.#faults.warn(`SDS grpc server is not started yet, trying again: ${messageOf(error)}`);
      return false;
    }
  }

  /** Ends by closing, and never rejects. */
  async #keep(): Promise<void> {
    const { signal } = this.#closing;
    try {
      for (;;) {
        if (this.#server === undefined) await this.#untilOpen(signal);
        await this.#deps.clock.sleep(LOOK_MS, signal);
        await this.#look();
      }
    } catch (error) {
      if (!signal.aborted) this.#deps.log.error(`the SDS socket is not looked after: ${messageOf(error)}`);
    }
  }

  async #untilOpen(signal: AbortSignal): Promise<void> {
    const { clock, log, path } = this.#deps;
    for (let failed = 0; ; failed += 1) {
      if (failed === TRIES) log.warn(`SDS grpc server could not be started: ${path} cannot be served yet`);
      await clock.sleep(
        backoffMs(WAITS, failed, () => 0),
        signal,
      );
      if (await this.#open()) return;
    }
  }

  async #look(): Promise<void> {
    const { path, log } = this.#deps;
    const server = this.#server;
    const place = await server?.place().catch(() => 'unseen'); // who may not look cannot know that it is gone
    if (place === 'own') this.#faults.clear();
    if (place === 'other') this.#faults.warn(`another server has taken the SDS socket ${path}; it keeps it`);
    if (server === undefined || place !== 'none' || this.#closing.signal.aborted) return;
    this.#server = undefined;
    this.#retire(server);
    if (await this.#open()) log.warn(`the SDS socket ${path} was removed; listening there again`);
  }

  #retire(server: GrpcSocketServer): void {
    this.#retired.add(server);
    void server.retire().then(() => this.#retired.delete(server));
  }

  async #judgeDirectory(): Promise<void> {
    const directory = dirname(this.#deps.path);
    const found = await stat(directory).catch(() => undefined); // the try to listen has told why
    if (found === undefined || (found.mode & WORLD_WRITABLE) === 0 || (found.mode & STICKY) !== 0) return;
    // Kubernetes makes volumes for everyone to write into; who mounts one is said in the pod
    const above = await stat(dirname(directory));
    if (above.dev !== found.dev) return;
    const remedy = 'give it mode 0750, or its sticky bit';
    this.#deps.log.warn(
      `anybody can replace the SDS socket: everyone may write into ${directory}; ${remedy}`,
    );
  }
}
