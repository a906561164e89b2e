// One forwarded query: which resolvers are asked about it, and when. All at once, or one after the other, the next one
// as soon as one fails; and also when one is slow, which is ours: a dead resolver then costs milliseconds instead of
// seconds. In all of these ways the first message wins, whatever it says; only a failure does not overtake: it would be
// a worse answer than to wait.
// Upstream: istio 1.31 pkg/dns/client/dns.go upstream, queryParallel.

import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { Message } from '../messages/message.ts';
import { RCODE } from '../messages/replies.ts';
import type { DnsMetrics } from '../metrics.ts';
import type { SocketAddress } from '../socket-address.ts';
import type { Exchange, Outcome, Protocol } from './exchange.ts';
import type { Exchanges } from './exchanges.ts';
import type { HedgeBudget } from './hedge-budget.ts';
import type { ResolverHealth } from './resolver-health.ts';
import type { WaitingLine } from '../../runtime/waiting-line.ts';

export interface FlightDeps {
  readonly exchanges: Pick<Exchanges, 'start' | 'abandon'>;
  readonly health: ResolverHealth;
  readonly budget: HedgeBudget;
  /** Flights whose newest resolver may be slow; undefined when nobody is asked for that. */
  readonly slow: Pick<WaitingLine<Flight>, 'add' | 'delete'> | undefined;
  /** Flights between two rounds. */
  readonly pauses: Pick<WaitingLine<Flight>, 'add' | 'delete'>;
  readonly metrics: Pick<DnsMetrics, 'hedged'>;
  readonly log: Log;
}

export interface FlightPlan {
  readonly query: Message;
  readonly protocol: Protocol;
  /** At least one. */
  readonly resolvers: readonly SocketAddress[];
  readonly parallel: boolean;
  /** Further rounds when all resolvers failed. */
  readonly retries: number;
  /** How many times the query has come back before. */
  readonly hops: number;
  /** Called once, unless the flight is abandoned before; undefined: all have failed. */
  readonly over: (answer: Message | undefined) => void;
}

export class Flight {
  readonly #plan: FlightPlan;
  readonly #deps: FlightDeps;
  #roundsLeft: number;
  #order: readonly SocketAddress[] = [];
  /** How many of them have been asked in this round. */
  #asked = 0;
  /** Oldest first. */
  readonly #underWay: Exchange[] = [];
  /** A failure that one resolver reports is for nobody while another that was asked before it may know better. */
  #lastResort: Message | undefined;

  constructor(plan: FlightPlan, deps: FlightDeps) {
    this.#plan = plan;
    this.#deps = deps;
    this.#roundsLeft = plan.retries;
  }

  /** Asks for the first time, or all over again. */
  start(): void {
    const { resolvers, parallel } = this.#plan;
    this.#order = parallel ? resolvers : this.#deps.health.order(resolvers);
    this.#asked = 0;
    const atOnce = parallel ? resolvers.length : 1;
    for (let count = 0; count < atOnce; count += 1) this.#askNext();
  }

  /** The resolver asked last takes its time: asks the next one too, where the budget allows. */
  hedge(): void {
    const { health, budget, slow, metrics } = this.#deps;
    const next = this.#order[this.#asked];
    const last = this.#underWay.at(-1);
    if (next === undefined || last === undefined) return;
    // a question that is taken from a dead resolver to a live one is no extra work for anybody
    const isFree = health.isSuspect(last.resolver) && !health.isSuspect(next);
    if (!isFree && !budget.spend()) return slow?.add(this);
    metrics.hedged();
    this.#askNext();
  }

  /** Nobody hears of it any more. */
  abandon(): void {
    this.#deps.slow?.delete(this);
    this.#deps.pauses.delete(this);
    for (const exchange of this.#underWay.splice(0)) this.#deps.exchanges.abandon(exchange);
  }

  /** False when all have been asked. */
  #askNext(): boolean {
    const { query, protocol, hops, parallel } = this.#plan;
    const resolver = this.#order[this.#asked];
    if (resolver === undefined) return false;
    this.#asked += 1;
    const ended = (outcome: Outcome): void => this.#ended(exchange, outcome);
    const exchange = this.#deps.exchanges.start({ query, protocol, resolver, hops, ended });
    this.#underWay.push(exchange);
    if (!parallel && this.#asked < this.#order.length) this.#deps.slow?.add(this);
    return true;
  }

  #ended(exchange: Exchange, outcome: Outcome): void {
    const before = this.#underWay.slice(0, this.#underWay.indexOf(exchange));
    this.#underWay.splice(before.length, 1);
    if (outcome instanceof Error) this.#failed(exchange, outcome);
    else this.#answered(exchange, outcome, before);
  }

  /** @param overtaken those that were asked before and have not answered */
  #answered({ resolver }: Exchange, answer: Message, overtaken: readonly Exchange[]): void {
    const { health } = this.#deps;
    health.answered(resolver);
    if (this.#plan.parallel) return this.#over(answer);
    if (isFailure(answer) && overtaken.some((before) => !health.isSuspect(before.resolver))) {
      this.#lastResort ??= answer;
      return;
    }
    for (const before of overtaken) health.failed(before.resolver);
    this.#over(answer);
  }

  #failed({ resolver }: Exchange, error: Error): void {
    const { health, log } = this.#deps;
    log.info(`upstream failure: ${messageOf(error)}`);
    health.failed(resolver);
    if (this.#lastResort === undefined && this.#askNext()) return;
    if (this.#underWay.length > 0) return;
    if (this.#lastResort !== undefined) return this.#over(this.#lastResort);
    if (this.#plan.parallel) log.info('all upstream failed');
    this.#roundOver();
  }

  #roundOver(): void {
    if (this.#roundsLeft <= 0) return this.#over(undefined);
    this.#roundsLeft -= 1;
    this.#deps.pauses.add(this);
  }

  #over(answer: Message | undefined): void {
    this.abandon();
    this.#plan.over(answer);
  }
}

/** It says neither what there is nor that there is nothing: SERVFAIL, REFUSED and their like. */
function isFailure({ bytes }: Message): boolean {
  const rcode = bytes.readUInt8(3) & 0x0f;
  return rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN;
}
