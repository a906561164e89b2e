// All questions to resolvers that are under way: each has an id of its own and ends once, at the latest when its time
// is over. Who is asked, and what an answer is good for, is decided elsewhere.

import { randomInt } from 'node:crypto';

import type { Clock } from '../../runtime/clock.ts';
import { AgentError } from '../../runtime/errors.ts';
import { hostPort } from '../../runtime/host-port.ts';
import { readMessage, type Message } from '../messages/message.ts';
import { withId } from '../messages/replies.ts';
import type { SocketAddress } from '../socket-address.ts';
import { isAnswerTo, sameQuestion, type Carrier, type Exchange, type Question } from './exchange.ts';
import { TcpConnection } from './tcp-connection.ts';
import { UdpPool } from './udp-pool.ts';
import { openDatagrams, type OpenDatagrams } from './udp-socket.ts';
import { WaitingLine } from '../../runtime/waiting-line.ts';

export interface ExchangesDeps {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  /** Of each step: connecting, and the answer after that. */
  readonly timeoutMs: number;
  /** Default: sockets of the system. */
  readonly open?: OpenDatagrams;
}

const IDS = 0x1_0000;
/** The most that may be under way: half of the ids, so that a free one is found soon and is as good as random. */
export const MAX_EXCHANGES = IDS / 2;

export class Exchanges {
  readonly #deps: ExchangesDeps;
  readonly #closing = new AbortController();
  readonly #byId = new Map<number, Exchange>();
  /** Until when each has to take its next step. */
  readonly #steps: WaitingLine<Exchange>;
  readonly #pools = new Map<SocketAddress, UdpPool>();

  constructor(deps: ExchangesDeps) {
    this.#deps = deps;
    const waiting = { clock: deps.clock, signal: this.#closing.signal };
    this.#steps = new WaitingLine((exchange) => this.#late(exchange), deps.timeoutMs, waiting);
  }

  /** Asks. The question hears of the end later, never during this call. */
  start(question: Question): Exchange {
    const { protocol, query } = question;
    const id = this.#freeId();
    const waitsFor = protocol === 'udp' ? 'answer' : 'connection';
    const exchange: Exchange = { ...question, id, bytes: withId(query.bytes, id), waitsFor };
    this.#byId.set(id, exchange);
    this.#steps.add(exchange);
    exchange.carrier = protocol === 'udp' ? this.#overUdp(exchange) : this.#overTcp(exchange);
    return exchange;
  }

  /** Its question hears nothing any more. */
  abandon(exchange: Exchange): void {
    if (this.#byId.get(exchange.id) !== exchange) return; // it is over
    this.#byId.delete(exchange.id);
    this.#steps.delete(exchange);
    exchange.carrier?.leave(exchange);
  }

  /** The one that looks just like this query: it has come back, or has the same id by chance. */
  find(query: Message): Exchange | undefined {
    const exchange = this.#byId.get(query.header.id);
    return exchange && sameQuestion(query.question, exchange.query.question) ? exchange : undefined;
  }

  /** Gives up the sockets that wait for further questions; those under way keep theirs to their end. */
  release(): void {
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  /** Abandons all. */
  close(): void {
    this.#closing.abort(new AgentError('no resolver is asked any more'));
    for (const exchange of this.#byId.values()) this.abandon(exchange);
    this.release();
  }

  #freeId(): number {
    for (;;) {
      const id = randomInt(IDS);
      if (!this.#byId.has(id)) return id;
    }
  }

  #overUdp(exchange: Exchange): Carrier {
    const { resolver } = exchange;
    let pool = this.#pools.get(resolver);
    if (pool === undefined) {
      pool = this.#newPool(resolver);
      this.#pools.set(resolver, pool);
    }
    return pool.send(exchange);
  }

  #newPool(resolver: SocketAddress): UdpPool {
    return new UdpPool(resolver, {
      open: this.#deps.open ?? openDatagrams,
      clock: this.#deps.clock,
      signal: this.#closing.signal,
      received: (bytes, socket) => this.#received(bytes, socket),
      failed: (error, socket) => {
        for (const exchange of socket.exchanges) this.#end(exchange, error);
      },
    });
  }

  #overTcp(exchange: Exchange): Carrier {
    return new TcpConnection(exchange, {
      connected: () => {
        exchange.waitsFor = 'answer';
        this.#steps.add(exchange);
      },
      received: (bytes, connection) => this.#received(bytes, connection),
      failed: (error) => this.#end(exchange, error),
    });
  }

  /** What answers no question, or came another way than the question went, is passed over. */
  #received(bytes: Buffer, carrier: Carrier): void {
    const exchange = bytes.length < 2 ? undefined : this.#byId.get(bytes.readUInt16BE(0));
    if (exchange === undefined || exchange.carrier !== carrier || !isAnswerTo(bytes, exchange.query)) return;
    this.#end(exchange, readMessage(bytes) ?? noMessage(exchange));
  }

  #late(exchange: Exchange): void {
    const resolver = hostPort(exchange.resolver);
    const missing = exchange.waitsFor === 'answer' ? 'answer from' : 'connection to';
    const late = `no ${missing} ${resolver} within ${this.#deps.timeoutMs} ms`;
    this.#end(exchange, new AgentError(late, { retryable: true }));
  }

  #end(exchange: Exchange, outcome: Message | Error): void {
    if (this.#byId.get(exchange.id) !== exchange) return;
    this.abandon(exchange);
    exchange.ended(outcome);
  }
}

function noMessage({ resolver }: Exchange): AgentError {
  return new AgentError(`${hostPort(resolver)} sent an answer that is no message`);
}
