// Steady questions to one DNS server: names of its table, names that it has to forward, over UDP and now and then TCP.

import { setTimeout as sleep } from 'node:timers/promises';

import type { SocketAddress } from '../../src/dns/socket-address.ts';
import { askTcp } from '../dns/support/dns-client.ts';
import { decode, encodeQuery, type Decoded } from '../dns/support/wire.ts';
import { QueryClient } from '../e2e/support/dns/query-client.ts';

export interface DnsLoadOptions {
  readonly server: SocketAddress;
  /** Names of the table, absolute. */
  readonly local: readonly string[];
  /** What is wrong with a reply; undefined: nothing. */
  readonly fault: (asked: Asked, reply: Decoded) => string | undefined;
}

export interface Asked {
  readonly isLocal: boolean;
  /** Of `performance.now()`. */
  readonly startedMs: number;
}

export interface DnsCounts {
  local: number;
  forwarded: number;
  /** Forwarded ones that were answered with an error. */
  failed: number;
  slowestMs: number;
  readonly faults: string[];
}

/** Of each kind: those whose questions are forwarded may have to wait. */
const ASKERS = 32;
const PAUSE_MS = 40;
const PATIENCE_MS = 20_000;
/** Of so many questions one goes over TCP. */
const TCP_OF = 37;

export class DnsLoad implements AsyncDisposable {
  readonly #options: DnsLoadOptions;
  readonly #client: QueryClient;
  readonly #askers: Promise<unknown>;
  #counts = noCounts();
  #asked = 0;
  #isOver = false;

  private constructor(options: DnsLoadOptions, client: QueryClient) {
    this.#options = options;
    this.#client = client;
    this.#askers = Promise.all(Array.from({ length: 2 * ASKERS }, (_, index) => this.#askOn(index < ASKERS)));
  }

  static async start(options: DnsLoadOptions): Promise<DnsLoad> {
    return new DnsLoad(options, await QueryClient.open(options.server, PATIENCE_MS));
  }

  /** What happened since the last call. */
  take(): DnsCounts {
    const counts = this.#counts;
    this.#counts = noCounts();
    if (this.#client.strays > 0) counts.faults.push(`${this.#client.strays} replies to nothing`);
    this.#client.strays = 0;
    return counts;
  }

  /** Waits for the replies that are due. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#askers;
    this.#client[Symbol.dispose]();
  }

  async #askOn(isLocal: boolean): Promise<void> {
    while (!this.#isOver) {
      await this.#askOne((this.#asked += 1), isLocal);
      await sleep(PAUSE_MS);
    }
  }

  async #askOne(number: number, isLocal: boolean): Promise<void> {
    const { local, fault } = this.#options;
    const asked = { isLocal, startedMs: performance.now() };
    const name = isLocal ? (local[number % local.length] ?? '') : `n${number}.example.org.`;
    try {
      const reply = await (number % TCP_OF === 0 ? this.#overTcp(name) : this.#overUdp(name));
      this.#count(asked, reply);
      const problem = fault(asked, reply);
      if (problem !== undefined) this.#counts.faults.push(`${name}: ${problem}`);
    } catch (error) {
      this.#counts.faults.push(String(error));
    }
  }

  async #overUdp(name: string): Promise<Decoded> {
    return (await this.#client.ask(name)).reply;
  }

  async #overTcp(name: string): Promise<Decoded> {
    const [reply] = await askTcp(this.#options.server, [encodeQuery({ name })], PATIENCE_MS);
    if (reply === undefined) throw new Error(`no reply to ${name} over TCP within ${PATIENCE_MS} ms`);
    return decode(reply);
  }

  #count({ isLocal, startedMs }: Asked, { rcode }: Decoded): void {
    const counts = this.#counts;
    if (isLocal) counts.local += 1;
    else counts.forwarded += 1;
    if (rcode !== 0) counts.failed += 1;
    counts.slowestMs = Math.max(counts.slowestMs, performance.now() - startedMs);
  }
}

function noCounts(): DnsCounts {
  return { local: 0, forwarded: 0, failed: 0, slowestMs: 0, faults: [] };
}
