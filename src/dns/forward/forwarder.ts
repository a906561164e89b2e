// Asks the resolvers of the host what this server cannot answer itself: one after the other in a random order, or all
// at once. Any message counts as an answer; only silence and network errors count as failures.
// Upstream: istio 1.31 pkg/dns/client/dns.go upstream, queryParallel.

import { randomInt } from 'node:crypto';

import type { Clock } from '../../runtime/clock.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { exchange, type Protocol } from './exchange.ts';
import type { Message } from '../messages/message.ts';
import type { DnsMetrics } from '../metrics.ts';
import { withId } from '../messages/replies.ts';
import { shuffled } from '../messages/shuffle.ts';
import type { SocketAddress } from '../socket-address.ts';

export interface ForwardSettings {
  readonly resolvers: readonly SocketAddress[];
  /** DNS_FORWARD_PARALLEL */
  readonly parallel: boolean;
  /** DNS_FORWARD_TIMEOUT, of each step towards one resolver. */
  readonly timeoutMs: number;
  /** DNS_FORWARD_RETRIES: further rounds when every resolver failed. */
  readonly retries: number;
  /** Queries that may wait for an answer at one time. Default 4096. */
  readonly maxFlights?: number;
}

export interface ForwarderDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: DnsMetrics;
}

const DEFAULT_MAX_FLIGHTS = 4096;
const ROUND_PAUSE_MS = 100;
const IDS = 0x1_0000;

export class Forwarder {
  readonly #settings: ForwardSettings;
  readonly #deps: ForwarderDeps;
  /** Ids and questions under way, to know them when they come back. */
  readonly #flights = new Set<string>();

  constructor(settings: ForwardSettings, deps: ForwarderDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** True for a query that this forwarder has sent itself: a resolver leads back to this server. */
  isOwn(query: Message): boolean {
    return this.#flights.has(flightKey(query));
  }

  /**
   * The first answer, with the query's id; undefined when nobody answers or too many wait for one.
   *
   * @throws the signal's reason when it aborts
   */
  async forward(query: Message, protocol: Protocol, signal: AbortSignal): Promise<Message | undefined> {
    const { clock, metrics } = this.#deps;
    const startedMs = clock.monotonicMs();
    metrics.forwarded();
    const answer = await this.#inFlight(query, protocol, signal);
    signal.throwIfAborted();
    metrics.forwardTook(clock.monotonicMs() - startedMs);
    if (answer === undefined) metrics.failed();
    return answer && withHeaderId(answer, query.header.id);
  }

  async #inFlight(query: Message, protocol: Protocol, signal: AbortSignal): Promise<Message | undefined> {
    const { maxFlights = DEFAULT_MAX_FLIGHTS } = this.#settings;
    if (this.#flights.size >= maxFlights) {
      this.#deps.log.debug(`${maxFlights} queries wait for an answer already`);
      return undefined;
    }
    const sent = withHeaderId(query, randomInt(IDS));
    const key = flightKey(sent);
    this.#flights.add(key);
    try {
      return await this.#rounds(sent, protocol, signal);
    } finally {
      this.#flights.delete(key);
    }
  }

  async #rounds(query: Message, protocol: Protocol, signal: AbortSignal): Promise<Message | undefined> {
    const { resolvers, parallel, retries } = this.#settings;
    for (let left = retries; ; left -= 1) {
      const answer = await (parallel
        ? this.#askAll(query, protocol, signal)
        : this.#askInTurn(query, protocol, signal));
      if (answer !== undefined || left <= 0 || resolvers.length === 0) return answer;
      await this.#deps.clock.sleep(ROUND_PAUSE_MS, signal);
    }
  }

  async #askInTurn(query: Message, protocol: Protocol, signal: AbortSignal): Promise<Message | undefined> {
    for (const resolver of shuffled(this.#settings.resolvers, this.#deps.random)) {
      const answer = await this.#ask(query, protocol, resolver, signal);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  /** The others are given up with the first answer. */
  async #askAll(query: Message, protocol: Protocol, signal: AbortSignal): Promise<Message | undefined> {
    const answered = new AbortController();
    const until = AbortSignal.any([signal, answered.signal]);
    let first: Message | undefined;
    await Promise.all(
      this.#settings.resolvers.map(async (resolver) => {
        const answer = await this.#ask(query, protocol, resolver, until);
        if (answer === undefined) return;
        first ??= answer;
        answered.abort(new AgentError('another resolver has answered'));
      }),
    );
    if (first === undefined) this.#deps.log.info('all upstream failed');
    return first;
  }

  async #ask(
    query: Message,
    protocol: Protocol,
    resolver: SocketAddress,
    signal: AbortSignal,
  ): Promise<Message | undefined> {
    if (signal.aborted) return undefined;
    try {
      const limits = { clock: this.#deps.clock, timeoutMs: this.#settings.timeoutMs };
      return await exchange(protocol, query, resolver, limits, signal);
    } catch (error) {
      if (!signal.aborted) this.#deps.log.info(`upstream failure: ${messageOf(error)}`);
      return undefined;
    }
  }
}

function flightKey({ header, question }: Message): string {
  return `${header.id} ${question?.type} ${question?.name ?? question?.bytes.toString('latin1')}`;
}

function withHeaderId(message: Message, id: number): Message {
  return { ...message, header: { ...message.header, id }, bytes: withId(message.bytes, id) };
}
