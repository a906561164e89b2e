// From one query to its reply: refused, answered from the name table, or asked of others. Knows no socket of its own.
// Upstream: istio 1.31 pkg/dns/client/dns.go ServeDNS.

import type { Log } from '../runtime/log.ts';
import type { Protocol } from './forward/exchange.ts';
import type { Forwarder } from './forward/forwarder.ts';
import { LocalAnswers } from './messages/local-answers.ts';
import { readHeader, udpLimit, type Message } from './messages/message.ts';
import { OPCODE, readQuery } from './messages/query.ts';
import { fitReply, headerReply, isTruncated, RCODE, replyHead } from './messages/replies.ts';
import type { DnsMetrics } from './metrics.ts';
import type { LookupTable } from './names/lookup-table.ts';

export interface ResponderDeps {
  /** Names of the mesh; undefined before the first table. */
  readonly table: () => LookupTable | undefined;
  /** Whether others are asked before the first table; else every query fails until then. */
  readonly respondBeforeSync: boolean;
  readonly forwarder: Pick<Forwarder, 'forward' | 'isOwn'>;
  readonly metrics: DnsMetrics;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Undefined: the query deserves none. */
export type Reply = Buffer | undefined;

/** Why a query is answered as it is. */
export type ReplySource =
  | 'no name table yet'
  | 'of the name table'
  | 'of a resolver'
  | 'no resolver answered'
  | 'it came back to this server';

/** Is told the source of a reply before the reply itself; of what is no query, nothing. */
type Hear = (source: ReplySource) => void;

const MAX_UDP_QUERY_BYTES = 4096;
const MAX_REPLY_BYTES = 65_535;

export class Responder {
  readonly #deps: ResponderDeps;
  readonly #local: LocalAnswers;
  #saidLoop = false;

  constructor(deps: ResponderDeps) {
    this.#deps = deps;
    this.#local = new LocalAnswers(deps);
  }

  /**
   * The reply to some bytes: at once, unless others have to be asked. Most queries are about the mesh, and a promise
   * for each would be a good part of their cost.
   *
   * @returns a promise that rejects when the forwarder is closed
   */
  reply(bytes: Buffer, protocol: Protocol, hear?: Hear): Reply | Promise<Reply> {
    const header = readHeader(bytes);
    if (header === undefined || header.isResponse) return undefined;
    if (header.opcode !== OPCODE.QUERY && header.opcode !== OPCODE.NOTIFY) {
      return headerReply(bytes, RCODE.NOTIMP);
    }
    const isTooLong = protocol === 'udp' && bytes.length > MAX_UDP_QUERY_BYTES;
    const query = isTooLong ? undefined : readQuery(bytes, header);
    if (query === undefined) return headerReply(bytes, RCODE.FORMERR);
    this.#deps.metrics.request();
    return query.question === undefined
      ? replyHead(query, RCODE.SERVFAIL)
      : this.#answer(query, protocol, hear);
  }

  #answer(query: Message, protocol: Protocol, hear?: Hear): Reply | Promise<Reply> {
    const { table, respondBeforeSync, forwarder, metrics } = this.#deps;
    const known = table();
    if (known === undefined && !respondBeforeSync) {
      hear?.('no name table yet');
      return replyHead(query, RCODE.SERVFAIL);
    }
    const local = known && this.#local.answer(query, known, replyLimit(query, protocol));
    if (local !== undefined) {
      hear?.('of the name table');
      if (isTruncated(local)) metrics.truncated(protocol);
      return local;
    }
    if (!forwarder.isOwn(query)) return this.#forwarded(query, protocol, hear);
    hear?.('it came back to this server');
    this.#sayLoop();
    return replyHead(query, RCODE.SERVFAIL);
  }

  async #forwarded(query: Message, protocol: Protocol, hear?: Hear): Promise<Reply> {
    const { forwarder, metrics } = this.#deps;
    const answer = await forwarder.forward(query, protocol);
    hear?.(answer === undefined ? 'no resolver answered' : 'of a resolver');
    if (answer === undefined) return replyHead(query, RCODE.SERVFAIL);
    const reply = fitReply(answer, replyLimit(query, protocol));
    if (reply !== answer.bytes) metrics.truncated(protocol);
    return reply;
  }

  #sayLoop(): void {
    if (this.#saidLoop) return;
    this.#saidLoop = true;
    this.#deps.log.error(
      'a query of this DNS server came back to it: a resolver of resolv.conf leads here, or the agent does not run as the user whose traffic is not captured',
    );
  }
}

/** Bytes. */
function replyLimit(query: Message, protocol: Protocol): number {
  return protocol === 'udp' ? udpLimit(query) : MAX_REPLY_BYTES;
}
