// From one query to its reply: refused, answered from the name table, or asked of others. Knows no socket of its own.
// Upstream: istio 1.31 pkg/dns/client/dns.go ServeDNS; miekg/dns acceptfunc.go.

import type { Log } from '../runtime/log.ts';
import type { Protocol } from './forward/exchange.ts';
import type { Forwarder } from './forward/forwarder.ts';
import { addressesAsked, localAnswer } from './messages/local-answer.ts';
import type { Hit, LookupTable } from './names/lookup-table.ts';
import { readHeader, readMessage, udpLimit, type Header, type Message } from './messages/message.ts';
import type { DnsMetrics } from './metrics.ts';
import { fitReply, headerReply, RCODE, replyHead } from './messages/replies.ts';

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

const MAX_UDP_QUERY_BYTES = 4096;
const MAX_REPLY_BYTES = 65_535;
const QUERY = 0;
const NOTIFY = 4;

export class Responder {
  readonly #deps: ResponderDeps;
  #saidLoop = false;

  constructor(deps: ResponderDeps) {
    this.#deps = deps;
  }

  /**
   * The reply to some bytes; undefined when they deserve none.
   *
   * @throws the signal's reason when it aborts
   */
  async reply(bytes: Buffer, protocol: Protocol, signal: AbortSignal): Promise<Buffer | undefined> {
    const header = readHeader(bytes);
    if (header === undefined || header.isResponse) return undefined;
    if (header.opcode !== QUERY && header.opcode !== NOTIFY) return headerReply(bytes, RCODE.NOTIMP);
    const isTooLong = protocol === 'udp' && bytes.length > MAX_UDP_QUERY_BYTES;
    const query = isAcceptable(header) && !isTooLong ? readMessage(bytes) : undefined;
    if (query === undefined) return headerReply(bytes, RCODE.FORMERR);
    this.#deps.metrics.request();
    const reply = await this.#answer(query, protocol, signal);
    if (reply === undefined) return replyHead(query, RCODE.SERVFAIL);
    return fitReply(reply, replyLimit(query, protocol));
  }

  async #answer(query: Message, protocol: Protocol, signal: AbortSignal): Promise<Message | undefined> {
    const { table, respondBeforeSync, forwarder, random } = this.#deps;
    const known = table();
    if (known === undefined && !respondBeforeSync) return undefined;
    const { name, type = 0 } = query.question ?? {};
    const hit = this.#find(known, name);
    const addresses = hit && addressesAsked(hit, type);
    if (name !== undefined && hit !== undefined && addresses !== undefined) {
      const limitBytes = replyLimit(query, protocol);
      return localAnswer(query, name, hit, addresses, { random, limitBytes });
    }
    if (forwarder.isOwn(query)) return this.#loop();
    return forwarder.forward(query, protocol, signal);
  }

  #find(table: LookupTable | undefined, name: string | undefined): Hit | undefined {
    return name === undefined ? undefined : table?.find(name);
  }

  #loop(): undefined {
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

function isAcceptable({ questions, answers, authorities, additionals }: Header): boolean {
  return questions === 1 && answers <= 1 && authorities <= 1 && additionals <= 2;
}
