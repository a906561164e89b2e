// Every lookup over UDP and TCP, and with resolvers asked in turn and all at once.

import assert from 'node:assert/strict';

import { RunningServer } from '../../dns/support/running-server.ts';
import { decode, FLAG, type Decoded, type Record, type RecordType } from '../../dns/support/wire.ts';
import type { ConformanceCase } from '../case.ts';
import { contextOf, tableOf, type Fixtures } from './fixtures.ts';
import { startMock } from './mock-resolver.ts';
import { TableFeed } from './table-feed.ts';

interface LookupCase {
  readonly id: string;
  readonly table: string;
  readonly context: string;
  readonly qname: string;
  readonly qtype: RecordType;
  readonly expect: {
    readonly source: 'local' | 'upstream';
    readonly upstreamQueries: number;
    readonly rcode: string;
    readonly aa?: boolean;
    readonly answers: readonly Record[];
  };
}

export const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export function* lookupCases(
  fixtures: Fixtures,
  { cases }: { readonly cases: readonly LookupCase[] },
): Iterable<ConformanceCase> {
  for (const entry of cases) yield { name: entry.id, run: () => check(fixtures, entry) };
}

async function check(fixtures: Fixtures, entry: LookupCase): Promise<void> {
  await using mock = await startMock();
  for (const parallel of [false, true]) {
    const context = contextOf(fixtures, entry.context);
    await using running = await RunningServer.start({ ...context, resolvers: [mock.address], parallel });
    await using feed = await TableFeed.open(running.server);
    await feed.load(tableOf(fixtures, entry.table));
    for (const protocol of ['udp', 'tcp'] as const) {
      mock.queries.length = 0;
      const reply = await running.ask({ name: entry.qname, type: entry.qtype }, protocol);
      compare(reply, entry);
      assert.equal(mock.queries.length, entry.expect.upstreamQueries, 'queries to the resolver');
      assert.ok(mock.queries.every((query) => query.protocol === protocol));
      const [asked] = mock.queries.map(({ bytes }) => decode(bytes).questions);
      if (asked !== undefined) assert.deepEqual(asked, reply.questions);
    }
  }
}

function compare(reply: Decoded, { expect }: LookupCase): void {
  assert.equal(RCODES[reply.rcode], expect.rcode);
  if (expect.aa !== undefined) assert.equal((reply.flags & FLAG.AA) !== 0, expect.aa, 'AA');
  assert.deepEqual(ordered(reply.answers), ordered(expect.answers));
}

/** Aliases first and in order, addresses in any. */
function ordered(answers: readonly Record[]): readonly Record[] {
  const texts = answers.map((answer) => ({ ...answer, data: withoutZeros(answer.data) }));
  const aliases = texts.filter(({ type }) => type === 'CNAME');
  const others = texts.filter(({ type }) => type !== 'CNAME');
  return [...aliases, ...others.toSorted((a, b) => (a.data < b.data ? -1 : 1))];
}

/** An IPv6 address in one spelling. */
function withoutZeros(data: string): string {
  return data.includes(':') ? new URL(`http://[${data}]`).hostname : data;
}
