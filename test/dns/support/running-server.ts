// A DNS server on free ports of 127.0.0.1, with all it counted and logged.

import { DnsServer, type DnsServerDeps, type DnsServerSettings } from '../../../src/dns/server.ts';
import type { SocketAddress } from '../../../src/dns/socket-address.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentDnsMeter } from './dns-meter.ts';
import { ask } from './dns-client.ts';
import { decode, encodeQuery, type Decoded, type Query } from './wire.ts';

interface Counts {
  request: number;
  forwarded: number;
  failed: number;
  readonly took: number[];
  readonly answered: string[];
  /** By protocol. */
  readonly truncated: string[];
  /** How many hosts each had. */
  readonly tables: number[];
}

export class RunningServer implements AsyncDisposable {
  readonly server: DnsServer;
  readonly recorded: ReturnType<typeof recordingLog>;
  readonly counts: Counts;

  private constructor(
    server: DnsServer,
    recorded: RunningServer['recorded'],
    counts: RunningServer['counts'],
  ) {
    this.server = server;
    this.recorded = recorded;
    this.counts = counts;
  }

  static async start(
    settings: Partial<DnsServerSettings> = {},
    deps: Partial<DnsServerDeps> = {},
  ): Promise<RunningServer> {
    const recorded = recordingLog();
    const counts: RunningServer['counts'] = {
      request: 0,
      forwarded: 0,
      failed: 0,
      took: [],
      answered: [],
      truncated: [],
      tables: [],
    };
    const metrics = {
      ...silentDnsMeter(),
      request: () => void (counts.request += 1),
      forwarded: () => void (counts.forwarded += 1),
      failed: () => void (counts.failed += 1),
      forwardTook: (ms: number) => void counts.took.push(ms),
      answered: (result: string) => void counts.answered.push(result),
      truncated: (protocol: string) => void counts.truncated.push(protocol),
      tableLoaded: (hosts: number) => void counts.tables.push(hosts),
    };
    const all = {
      listen: [{ host: '127.0.0.1', port: 0 }],
      resolvers: [],
      search: [],
      respondBeforeSync: true,
      flattenWildcards: false,
      namespace: 'ns1',
      domain: 'ns1.svc.cluster.local',
      parallel: false,
      timeoutMs: 1000,
      retries: 0,
      hedgeMs: 20,
      ...settings,
    };
    const server = await DnsServer.start(all, {
      clock: systemClock(),
      log: recorded.log,
      random: Math.random,
      metrics,
      ...deps,
    });
    return new RunningServer(server, recorded, counts);
  }

  /** Where one protocol is served. */
  at(protocol: 'udp' | 'tcp'): SocketAddress {
    const text = this.server.addresses.find((address) => address.startsWith(protocol)) ?? '';
    const colon = text.lastIndexOf(':');
    return { host: text.slice(4, colon).replaceAll(/[[\]]/g, ''), port: Number(text.slice(colon + 1)) };
  }

  async ask(query: Query, protocol: 'udp' | 'tcp' = 'udp'): Promise<Decoded> {
    return decode(await ask(protocol, this.at(protocol), encodeQuery(query)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server.close();
  }
}
