// One scenario's agent, control plane and streams. The agent starts with the first thing a client does.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { EnvoyConnection } from '../../e2e/support/xds/envoy-connection.ts';
import { TlsControlPlane } from '../../e2e/support/xds/tls-control-plane.ts';
import { issuePair, makeAuthority, type PemPair } from '../../security/authority.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { AgentProcess } from './agent-process.ts';
import { AgentUnderTest } from './agent-under-test.ts';
import { Exchange, PATIENCE_MS } from './exchange.ts';
import { SERVER_NAME, type Roots, type Setup } from './setup.ts';

/** A stream without a letter. */
export const ONLY = '';

interface Opened {
  readonly exchange: Exchange;
  readonly connection: EnvoyConnection;
}

/** Responses on their way, one after the other. */
export interface Pushes {
  readonly exchange: Exchange;
  readonly bytes: readonly Buffer[];
  /** How many the agent has taken from the server. */
  taken: number;
  done: Promise<void>;
}

/** What a scenario says beyond the agent. */
export interface Circumstances {
  /** The agent's memory counts: it is a process of its own. */
  readonly isMeasured: boolean;
  /** The control plane reads no requests until it is told to. */
  readonly serverDoesNotRead: boolean;
}

/** Without progress, a push is stuck. */
const STUCK_MS = 500;

export class World implements AsyncDisposable {
  readonly setup: Setup;
  /** Streams by letter; the newest of each. */
  readonly #streams = new Map<string, Opened>();
  /** All of them, in the order in which they were opened. */
  readonly exchanges: Exchange[] = [];
  /** In the last good name table that the control plane has sent. */
  lastHost: string | undefined;
  readonly #circumstances: Circumstances;
  readonly #open = new AsyncDisposableStack();
  readonly #folder: TemporaryDirectory;
  readonly #roots: Roots;
  readonly #pair: PemPair;
  #control: TlsControlPlane | undefined;
  #agent: AgentUnderTest | AgentProcess | undefined;
  #pushes: Pushes | undefined;
  #memoryBefore = 0;

  static async lay(setup: Setup, circumstances: Circumstances): Promise<World> {
    const roots = { right: await makeAuthority('right'), wrong: await makeAuthority('wrong') };
    const pair = await issuePair(roots.right, [SERVER_NAME]);
    return new World(setup, circumstances, { folder: await temporaryDirectory(), roots, pair });
  }

  private constructor(
    setup: Setup,
    circumstances: Circumstances,
    { folder, roots, pair }: { folder: TemporaryDirectory; roots: Roots; pair: PemPair },
  ) {
    this.setup = setup;
    this.#circumstances = circumstances;
    this.#folder = this.#open.use(folder);
    this.#roots = roots;
    this.#pair = pair;
  }

  get isStarted(): boolean {
    return this.#agent !== undefined;
  }

  get control(): TlsControlPlane {
    return this.#control ?? assert.fail('nothing has started the agent yet');
  }

  /** The agent in this process. */
  get agent(): AgentUnderTest {
    return this.#agent instanceof AgentUnderTest ? this.#agent : assert.fail('the agent cannot be asked');
  }

  get serverDoesNotRead(): boolean {
    return this.#circumstances.serverDoesNotRead;
  }

  get pushes(): Pushes {
    return this.#pushes ?? assert.fail('nothing was pushed');
  }

  /** The agent takes responses of this type and does not hand them on. */
  takesItself(type: string): boolean {
    return [...this.setup.handlers].some((handler) => handler === type);
  }

  /** The stream of that letter; opened if there is none. */
  async stream(letter = ONLY): Promise<Exchange> {
    return this.#streams.get(letter)?.exchange ?? this.openStream(letter);
  }

  /** As `stream`, but for one that has ended: then a new one. */
  async livingStream(letter = ONLY): Promise<Exchange> {
    const exchange = await this.stream(letter);
    return exchange.client.isOver ? this.openStream(letter) : exchange;
  }

  async openStream(letter = ONLY): Promise<Exchange> {
    await this.#start();
    const agent = this.#agent ?? assert.fail();
    const connection = this.#open.use(new EnvoyConnection(agent.socketPath));
    const exchange = new Exchange(connection.open(this.setup.kind), () => this.control.streams.next());
    this.#streams.set(letter, { exchange, connection });
    this.exchanges.push(exchange);
    return exchange;
  }

  /** The stream opened last; opened if there is none. */
  async newest(): Promise<Exchange> {
    return this.exchanges.at(-1) ?? this.openStream();
  }

  push(exchange: Exchange, bytes: readonly Buffer[]): Pushes {
    const pushes: Pushes = { exchange, bytes, taken: 0, done: Promise.resolve() };
    const run = async (): Promise<void> => {
      for (const each of bytes) {
        await exchange.respond(each);
        pushes.taken += 1;
      }
    };
    pushes.done = run();
    this.#pushes = pushes;
    return pushes;
  }

  /** Waits until the agent takes no more of what is pushed. */
  async untilStuck(): Promise<void> {
    for (let before = -1; before !== this.pushes.taken; await sleep(STUCK_MS)) before = this.pushes.taken;
  }

  async startMeasuring(): Promise<void> {
    if (this.#agent instanceof AgentProcess) this.#memoryBefore = await this.#agent.startMeasuring();
  }

  /** What the agent has needed since then beside what it had, bytes. */
  async extraMemory(): Promise<number> {
    if (!(this.#agent instanceof AgentProcess)) assert.fail('the agent cannot be measured');
    return (await this.#agent.peak()) - this.#memoryBefore;
  }

  /** Cuts the connection of a stream at the client's end. */
  cut(letter = ONLY): void {
    this.#streams.get(letter)?.connection.cut();
  }

  /** The control plane listens again where it did before. */
  async restartControlPlane(): Promise<void> {
    const { port } = this.control;
    await this.control.destroy();
    this.#control = this.#open.use(await this.#startControlPlane(port));
  }

  rewriteRoot(): Promise<void> {
    return this.setup.writeRoot(this.#folder.path, this.#roots);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control?.destroy(); // first: while it lives, the agent waits for its last word, on a clock that stands
    await this.#open.disposeAsync();
  }

  async #start(): Promise<void> {
    if (this.isStarted) return;
    this.#control = this.#open.use(await this.#startControlPlane());
    const folder = this.#folder.path;
    await this.setup.layOut(folder, this.#roots);
    const settings = this.setup.settings(folder, `127.0.0.1:${this.control.port}`);
    const { isMeasured } = this.#circumstances;
    this.#agent = await (isMeasured ? AgentProcess.start(settings) : AgentUnderTest.start(settings));
    this.#open.use(this.#agent);
  }

  #startControlPlane(port = 0): Promise<TlsControlPlane> {
    return TlsControlPlane.start({ pair: this.setup.isPlaintext ? undefined : this.#pair, port });
  }
}

/** Waits for something that takes a moment. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadline) assert.fail(`not ${what}`);
    await sleep(5);
  }
}
