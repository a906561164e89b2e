// A DNS server with a name table and a resolver behind it, asked with dig.

import { deepEqual, equal } from 'node:assert/strict';

import type { DnsServerSettings } from '../../../../src/dns/server.ts';
import { FakeResolver, type Answering } from '../../../dns/support/fake-resolver.ts';
import { packedBytes, type NameTable } from '../../../dns/support/packed.ts';
import { RunningServer } from '../../../dns/support/running-server.ts';
import { dig, type Asked, type DigReply } from './dig.ts';
import { resolverAnswers } from './resolver-answers.ts';

export const SEARCH = 'shop.svc.cluster.local';
export const WEB = `web.${SEARCH}`;
export const MANY = ['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14'];

function service(shortname: string, namespace: string, ip: string): NameTable[string] {
  return { registry: 'Kubernetes', shortname, namespace, ips: [ip] };
}

export const TABLE: NameTable = {
  'db.example': { registry: 'External', ips: ['192.0.2.7'] },
  'dotted.example.': { registry: 'External', ips: ['192.0.2.8'] },
  'many.example': { registry: 'External', ips: MANY },
  'dual.example': { registry: 'External', ips: ['192.0.2.9', '2001:db8::9'] },
  'six.example': { registry: 'External', ips: ['2001:db8::6'] },
  '*.wild.example': { registry: 'External', ips: ['192.0.2.20'] },
  '*.deep.wild.example': { registry: 'External', ips: ['192.0.2.21'] },
  [WEB]: service('web', 'shop', '10.96.0.1'),
  'pay.bank.svc.cluster.local': service('pay', 'bank', '10.96.0.2'),
  'far.shop.svc.remote': service('far', 'shop', '10.96.0.3'),
};

export interface Way {
  readonly protocol: 'udp' | 'tcp';
  /** All resolvers are asked at once. */
  readonly parallel: boolean;
}

/** In the namespace `shop`; `TABLE` is loaded. */
export class Resolving implements AsyncDisposable {
  readonly resolver: FakeResolver;
  readonly running: RunningServer;
  readonly #protocol: 'udp' | 'tcp';

  private constructor(resolver: FakeResolver, running: RunningServer, protocol: 'udp' | 'tcp') {
    this.resolver = resolver;
    this.running = running;
    this.#protocol = protocol;
  }

  static async start(
    { protocol, parallel }: Way,
    settings: Partial<DnsServerSettings> = {},
    answering: Answering = resolverAnswers,
  ): Promise<Resolving> {
    const resolver = await FakeResolver.start(answering);
    const context = { namespace: 'shop', domain: SEARCH, search: [SEARCH, 'svc.cluster.local'] };
    const asked = { resolvers: [resolver.address], parallel };
    const running = await RunningServer.start({ ...context, ...asked, ...settings });
    await running.server.setNameTable(packedBytes(TABLE));
    return new Resolving(resolver, running, protocol);
  }

  dig(questions: readonly Asked[], options: readonly string[] = []): Promise<DigReply[]> {
    const over = this.#protocol === 'tcp' ? ['+tcp'] : [];
    return dig(this.running.at(this.#protocol), questions, [...over, ...options]);
  }

  /** Of each question. */
  async answers(...questions: readonly Asked[]): Promise<(readonly string[])[]> {
    return (await this.dig(questions)).map(({ answers }) => answers);
  }

  /** That the resolver is asked about each of them, and that what it says comes back. */
  async expectForwarded(...questions: readonly Asked[]): Promise<void> {
    const before = this.resolver.queries.length;
    const replies = await this.dig(questions);
    equal(this.resolver.queries.length - before, questions.length);
    deepEqual(
      replies.map(({ status, flags }) => [status, flags.includes('aa')]),
      questions.map(() => ['NXDOMAIN', false]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]();
    await this.resolver[Symbol.asyncDispose]();
  }
}
