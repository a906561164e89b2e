// The DNS server of the agent: answers the names of the mesh, once it has a table of them, and asks the resolvers of
// the host about all others. Upstream: istio 1.31 pkg/dns/client.

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import type { Clock } from '../runtime/clock.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import { hostPort } from '../runtime/host-port.ts';
import type { Log } from '../runtime/log.ts';
import { debugTable } from './names/debug-table.ts';
import { CachingForwarder } from './forward/caching-forwarder.ts';
import { Forwarder, type ForwardSettings } from './forward/forwarder.ts';
import type { Listener, ListenerDeps } from './listen/listener.ts';
import { LookupTable } from './names/lookup-table.ts';
import type { DnsMetrics } from './metrics.ts';
import { nameReport, type NameReport } from './name-report.ts';
import type { NamingContext } from './names/name-table.ts';
import { PackedNameTable } from './names/packed-name-table.ts';
import { Responder } from './responder.ts';
import type { SocketAddress } from './socket-address.ts';
import { traced } from './trace.ts';
import { listenTcp } from './listen/tcp-listener.ts';
import { listenUdp } from './listen/udp-listener.ts';

/** What the resolver file says, which may change. */
export interface ResolverChoice extends Pick<ForwardSettings, 'resolvers' | 'retries'> {
  readonly search: readonly string[];
}

export interface DnsServerSettings extends ForwardSettings, ResolverChoice, NamingContext {
  /** Each for UDP and TCP. */
  readonly listen: readonly SocketAddress[];
  /** Whether others are asked before the first table; else every query fails until then. */
  readonly respondBeforeSync: boolean;
  /** DNS_WILDCARD_CNAME=flatten: wildcards reached through a search domain are answered without an alias. */
  readonly flattenWildcards: boolean;
  /** DNS_FORWARD_CACHE_SIZE: forwarded answers that are kept. Default none. */
  readonly cacheSize?: number;
}

export interface DnsServerDeps {
  readonly clock: Clock;
  /** Scope `dns`. */
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly metrics: DnsMetrics;
}

export class DnsServer implements AsyncDisposable {
  readonly #settings: DnsServerSettings;
  readonly #deps: DnsServerDeps;
  readonly #closing = new AbortController();
  readonly #listeners: Listener[] = [];
  readonly #forwarder: Forwarder;
  readonly #cache: CachingForwarder | undefined;
  #search: readonly string[];
  #table: LookupTable | undefined;
  /** Tables count from 1 in the order in which they came; 0: none has yet. */
  #tableNumber = 0;
  #lastTableNumber = 0;

  private constructor(settings: DnsServerSettings, deps: DnsServerDeps) {
    this.#settings = settings;
    this.#deps = deps;
    const { cacheSize = 0 } = settings;
    const forwarder = new Forwarder(settings, deps);
    this.#forwarder = forwarder;
    this.#cache = cacheSize > 0 ? new CachingForwarder(cacheSize, { ...deps, forwarder }) : undefined;
    this.#search = settings.search;
  }

  /** @throws AgentError naming the address that cannot be bound; nothing stays open */
  static async start(settings: DnsServerSettings, deps: DnsServerDeps): Promise<DnsServer> {
    const server = new DnsServer(settings, deps);
    try {
      const listenerDeps = server.#listenerDeps();
      for (const address of settings.listen) await server.#listen(address, listenerDeps);
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** Where it listens, as `udp 127.0.0.1:15053`. */
  get addresses(): readonly string[] {
    return this.#listeners.map(({ protocol, address }) => `${protocol} ${hostPort(address)}`);
  }

  /** A table was set: names of the mesh are answered. */
  get hasTable(): boolean {
    return this.#table !== undefined;
  }

  /** The table with every name made from it, for people, as JSON in pieces; undefined before the first one. */
  debugTable(): AsyncIterable<string> | undefined {
    return this.#table && debugTable(this.#table);
  }

  /** Why a name is answered as it is, for people. @throws what looking at a host of the table throws */
  nameReport(name: string): Promise<NameReport> {
    const { respondBeforeSync } = this.#settings;
    const resolvers = this.#forwarder.resolvers.map((each) => ({
      address: hostPort(each),
      suspect: this.#forwarder.isSuspect(each),
    }));
    const parts = { table: this.#table, respondBeforeSync, resolvers };
    return nameReport(name, parts);
  }

  /**
   * Queries see the old table or the new one, never a part. Resolves when the new one counts, or a newer one.
   *
   * @param bytes a packed NameTable; they must not change any more
   * @throws Error when they are none, or a host in it cannot be read; the old table stays
   */
  async setNameTable(bytes: Uint8Array): Promise<void> {
    const { clock, metrics } = this.#deps;
    const startedMs = clock.monotonicMs();
    const number = ++this.#lastTableNumber;
    const table = await LookupTable.build(new PackedNameTable(bytes), this.#settings);
    if (number < this.#tableNumber) return; // it took longer than one that came after it
    this.#table = table.withSearch(this.#search); // which may have changed meanwhile
    this.#tableNumber = number;
    metrics.tableLoaded(table.hosts.count, clock.monotonicMs() - startedMs);
  }

  /** The resolver file has changed: it counts from the next query on, but for where this server listens. */
  useResolvers({ resolvers, retries, search }: ResolverChoice): void {
    this.#forwarder.useResolvers(resolvers, retries);
    this.#cache?.clear();
    this.#search = search;
    this.#table = this.#table?.withSearch(search);
  }

  async close(): Promise<void> {
    this.#closing.abort(new AgentError('the DNS server is closing'));
    this.#forwarder.close();
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #listen(address: SocketAddress, deps: ListenerDeps): Promise<void> {
    const { log } = this.#deps;
    const host = isIP(address.host) === 0 ? await addressOf(address.host) : address.host;
    for (const [protocol, listen] of [
      ['udp', listenUdp],
      ['tcp', listenTcp],
    ] as const) {
      log.info(`Starting local ${protocol} DNS server on ${hostPort(address)}`);
      try {
        this.#listeners.push(await listen({ host, port: address.port }, deps));
      } catch (error) {
        throw new AgentError(`unable to listen on ${protocol} ${hostPort(address)}: ${messageOf(error)}`, {
          cause: error,
        });
      }
    }
  }

  #listenerDeps(): ListenerDeps {
    const { clock, log } = this.#deps;
    const { signal } = this.#closing;
    const responder = new Responder({
      ...this.#deps,
      table: () => this.#table,
      respondBeforeSync: this.#settings.respondBeforeSync,
      forwarder: this.#cache ?? this.#forwarder,
    });
    const reply = traced((...query) => responder.reply(...query), { log, clock });
    return { reply, clock, log, signal };
  }
}

/** A host without a name means every address of this machine. */
async function addressOf(host: string): Promise<string> {
  if (host === '') return '::';
  try {
    return (await lookup(host, { order: 'ipv4first' })).address; // as upstream: the capture rules lead there
  } catch (error) {
    throw new AgentError(`the listen address ${host} does not resolve: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
