// Asks the resolvers of the host what this server cannot answer itself. How one query fares is in flight.ts; here is
// what they have in common: sockets, how many there may be, what is known of the resolvers, what is counted.

import type { Clock } from '../../runtime/clock.ts';
import { AgentError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Message } from '../messages/message.ts';
import type { DnsMetrics } from '../metrics.ts';
import type { SocketAddress } from '../socket-address.ts';
import type { Protocol } from './exchange.ts';
import { Exchanges, MAX_EXCHANGES } from './exchanges.ts';
import { Flight, type FlightDeps } from './flight.ts';
import { HedgeBudget } from './hedge-budget.ts';
import { ResolverHealth } from './resolver-health.ts';
import type { OpenDatagrams } from './udp-socket.ts';
import { WaitingLine } from '../../runtime/waiting-line.ts';

export interface ForwardSettings {
  readonly resolvers: readonly SocketAddress[];
  /** DNS_FORWARD_PARALLEL */
  readonly parallel: boolean;
  /** DNS_FORWARD_TIMEOUT, of each step towards one resolver. */
  readonly timeoutMs: number;
  /** DNS_FORWARD_RETRIES: further rounds when every resolver failed. */
  readonly retries: number;
  /** DNS_FORWARD_HEDGE_DELAY: how long to wait for one resolver before the next is asked too; 0 or left out: to its end. */
  readonly hedgeMs?: number;
  /** Queries that may wait for an answer at one time. Default 4096. */
  readonly maxFlights?: number;
}

export interface ForwarderDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: DnsMetrics;
  /** Default: sockets of the system. */
  readonly open?: OpenDatagrams;
}

const DEFAULT_MAX_FLIGHTS = 4096;
const ROUND_PAUSE_MS = 100;
/** A client may by chance ask what we ask under the id we use; that this happens in a row, it may not. */
const MAX_HOPS = 3;

/** What ends a query that waits. */
interface Waiting {
  readonly flight: Flight;
  readonly reject: (reason: AgentError) => void;
}

export class Forwarder {
  readonly #settings: ForwardSettings;
  readonly #deps: ForwarderDeps;
  readonly #closing = new AbortController();
  readonly #exchanges: Exchanges;
  /** Made anew with the resolvers: what is known of those of before is for the queries sent to them. */
  #flightDeps: Readonly<Record<Protocol, FlightDeps>>;
  readonly #budget = new HedgeBudget();
  readonly #waiting = new Set<Waiting>();
  #resolvers: readonly SocketAddress[];
  #retries: number;

  constructor(settings: ForwardSettings, deps: ForwarderDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#resolvers = settings.resolvers;
    this.#retries = settings.retries;
    this.#exchanges = new Exchanges({ ...deps, timeoutMs: settings.timeoutMs });
    this.#flightDeps = this.#depsOfFlights();
  }

  /** Those that the next query goes to. */
  get resolvers(): readonly SocketAddress[] {
    return this.#resolvers;
  }

  /** It failed lately, over either protocol, and is asked after the others for a while. */
  isSuspect(resolver: SocketAddress): boolean {
    return Object.values(this.#flightDeps).some(({ health }) => health.isSuspect(resolver));
  }

  /** True for a query that this forwarder has sent itself: a resolver leads back to this server. */
  isOwn(query: Message): boolean {
    return this.hopsOf(query) >= MAX_HOPS;
  }

  /** How many times a query has come back, as far as one can tell. */
  hopsOf(query: Message): number {
    const sent = this.#exchanges.find(query);
    return sent === undefined ? 0 : sent.hops + 1;
  }

  /** From the next query on. Those under way are left to the resolvers they were sent to. */
  useResolvers(resolvers: readonly SocketAddress[], retries: number): void {
    this.#resolvers = resolvers;
    this.#retries = retries;
    this.#flightDeps = this.#depsOfFlights();
    this.#exchanges.release();
  }

  /**
   * The first answer, with the query's id; undefined when nobody answers or too many wait for one.
   *
   * @throws AgentError when the forwarder is closed
   */
  forward(query: Message, protocol: Protocol): Promise<Message | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#closing.signal.aborted) return reject(this.#closing.signal.reason);
      const { clock, metrics } = this.#deps;
      const startedMs = clock.monotonicMs();
      metrics.forwarded();
      const ended = (answer: Message | undefined): void => {
        metrics.forwardTook(clock.monotonicMs() - startedMs);
        if (answer === undefined) metrics.failed();
        resolve(answer && withClientId(answer, query.header.id));
      };
      if (this.#resolvers.length === 0 || this.#isFull()) return ended(undefined);
      this.#start(query, protocol, { ended, reject });
    });
  }

  /** Sockets and timers are gone; what waited for an answer fails. */
  close(): void {
    const reason = new AgentError('the DNS server is closing');
    this.#closing.abort(reason);
    for (const { flight, reject } of this.#waiting) {
      flight.abandon();
      reject(reason);
    }
    this.#waiting.clear();
    this.#exchanges.close();
  }

  #start(
    query: Message,
    protocol: Protocol,
    { ended, reject }: { ended: (answer: Message | undefined) => void; reject: Waiting['reject'] },
  ): void {
    const over = (answer: Message | undefined): void => {
      this.#waiting.delete(waiting);
      ended(answer);
    };
    const plan = {
      query,
      protocol,
      resolvers: this.#resolvers,
      parallel: this.#settings.parallel,
      retries: this.#retries,
      hops: this.hopsOf(query),
      over,
    };
    const flight = new Flight(plan, this.#flightDeps[protocol]);
    const waiting = { flight, reject };
    this.#waiting.add(waiting);
    this.#budget.earn();
    flight.start();
  }

  #isFull(): boolean {
    const { maxFlights = DEFAULT_MAX_FLIGHTS } = this.#settings;
    const most = Math.min(maxFlights, Math.floor(MAX_EXCHANGES / this.#resolvers.length));
    if (this.#waiting.size < most) return false;
    this.#deps.metrics.refused();
    this.#deps.log.debug(`${most} queries wait for an answer already`);
    return true;
  }

  /** A resolver may be well over UDP and out of reach over TCP: what is known of them is known for each. */
  #depsOfFlights(): Record<Protocol, FlightDeps> {
    const { clock, metrics, log } = this.#deps;
    const { hedgeMs = 0 } = this.#settings;
    const waiting = { clock, signal: this.#closing.signal };
    const shared = {
      exchanges: this.#exchanges,
      budget: this.#budget,
      slow: hedgeMs > 0 ? new WaitingLine<Flight>((flight) => flight.hedge(), hedgeMs, waiting) : undefined,
      pauses: new WaitingLine<Flight>((flight) => flight.start(), ROUND_PAUSE_MS, waiting),
      metrics,
      log,
    };
    const health = (): ResolverHealth => new ResolverHealth(this.#deps);
    return { udp: { ...shared, health: health() }, tcp: { ...shared, health: health() } };
  }
}

/** The answer's bytes are nobody else's, so they are changed where they are. */
function withClientId(answer: Message, id: number): Message {
  answer.bytes.writeUInt16BE(id, 0);
  return { ...answer, header: { ...answer.header, id } };
}
