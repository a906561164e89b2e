// Cases of one or a few messages: acceptance, flags, forwarding, sizes. Those without an own shape are checked by name.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

import { askTcp } from '../../dns/support/dns-client.ts';
import { RunningServer } from '../../dns/support/running-server.ts';
import { decode, encodeQuery, FLAG, type Decoded, type RecordType } from '../../dns/support/wire.ts';
import type { ConformanceCase } from '../case.ts';
import { contextOf, tableOf, type Fixtures } from './fixtures.ts';
import { RCODES } from './lookups.ts';
import { startMock } from './mock-resolver.ts';
import { TableFeed } from './table-feed.ts';

interface MessageCase {
  readonly id: string;
  readonly given?: {
    readonly tableLoaded?: boolean;
    readonly respondBeforeSync?: boolean;
    readonly parallel?: boolean;
    readonly timeoutMs?: number;
    readonly upstream?: readonly string[];
    readonly localIps?: number;
    readonly host?: string;
    readonly queriesOnConnection?: number;
    readonly reloads?: number;
  };
  readonly query?: {
    readonly qname?: string;
    readonly qtype?: RecordType;
    readonly proto?: 'udp' | 'tcp';
    readonly qr?: number;
    readonly opcode?: number;
    readonly rd?: number;
    readonly cd?: number;
    readonly id?: number;
    readonly questions?: readonly [];
    readonly edns?: number;
  };
  readonly raw?: string;
  readonly expect: Expected;
}

interface Expected {
  readonly noReply?: boolean;
  readonly rcode?: string;
  readonly orAlso?: string;
  readonly id?: number;
  readonly qr?: number;
  readonly aa?: boolean;
  readonly rd?: number;
  readonly cd?: number;
  readonly tc?: number;
  readonly questionEchoed?: boolean;
  readonly answers?: number;
  readonly maxBytes?: number;
  readonly upstreamQueries?: number;
  readonly afterMsMin?: number;
  readonly afterMsMax?: number;
  readonly metric?: { readonly dns_upstream_failures_total: number };
  readonly udpQueryUsesUpstream?: string;
  readonly connectionClosedAfter?: number;
  readonly everyAnswerComesFromExactlyOneTable?: boolean;
}

interface Subject {
  readonly running: RunningServer;
  readonly feed: TableFeed;
}

export function* messageCases(
  fixtures: Fixtures,
  { cases }: { readonly cases: readonly MessageCase[] },
): Iterable<ConformanceCase> {
  for (const entry of cases) yield { name: entry.id, run: () => check(fixtures, entry) };
}

async function check(fixtures: Fixtures, entry: MessageCase): Promise<void> {
  const { given = {} } = entry;
  // a case that names both ways of asking runs in both
  const ways = entry.id === 'DN-M014' ? [false, true] : [given.parallel ?? false];
  for (const parallel of ways) {
    await using stack = new AsyncDisposableStack();
    const mocks = await Promise.all((given.upstream ?? ['record protocol']).map(startMock));
    for (const mock of mocks) stack.use(mock);
    const running = stack.use(
      await RunningServer.start({
        ...contextOf(fixtures, 'ns1'),
        resolvers: mocks.map(({ address }) => address),
        parallel,
        timeoutMs: given.timeoutMs ?? 1000,
        respondBeforeSync: given.respondBeforeSync ?? false,
      }),
    );
    const feed = stack.use(await TableFeed.open(running.server));
    if (given.tableLoaded !== false) await feed.load(tableFor(fixtures, given));
    const asked = (): number => mocks.reduce((sum, { queries }) => sum + queries.length, 0);
    await ask(fixtures, { running, feed }, entry);
    if (entry.expect.upstreamQueries !== undefined) assert.equal(asked(), entry.expect.upstreamQueries);
    if (entry.expect.udpQueryUsesUpstream !== undefined) {
      await running.ask({ name: 'www.bing.com.' }, 'udp');
      await running.ask({ name: 'www.bing.com.' }, 'tcp');
      assert.deepEqual(
        mocks.flatMap(({ queries }) => queries.map(({ protocol }) => protocol)),
        ['udp', 'tcp'],
      );
    }
  }
}

function tableFor(fixtures: Fixtures, { localIps, host }: NonNullable<MessageCase['given']>) {
  const base = tableOf(fixtures, 'base');
  if (localIps === undefined || host === undefined) return base;
  const ips = Array.from({ length: localIps }, (_, index) => `10.2.0.${index}`);
  return { ...base, [host.replace(/\.$/, '')]: { ips, registry: 'External' } };
}

async function ask(fixtures: Fixtures, { running, feed }: Subject, entry: MessageCase): Promise<void> {
  const { given = {}, expect } = entry;
  if (given.queriesOnConnection !== undefined) {
    const queries = Array.from({ length: given.queriesOnConnection }, () =>
      encodeQuery({ name: 'productpage.' }),
    );
    assert.equal((await askTcp(running.at('tcp'), queries)).length, expect.connectionClosedAfter);
  } else if (given.reloads !== undefined) {
    await checkReloads(fixtures, { running, feed }, given.reloads);
  } else if (expect.noReply === true) {
    await checkSilence(running, bytesOf(entry));
  } else if (entry.query !== undefined || entry.raw !== undefined) {
    await checkReply(running, entry);
  }
}

function bytesOf({ query = {}, raw }: MessageCase): Buffer {
  if (raw !== undefined) return Buffer.from(raw, 'hex');
  const { qname: name = 'a.', qtype: type = 'A', qr = 0, opcode = 0, rd = 1, cd = 0, id = 1 } = query;
  const { questions = [{ name, type }], edns } = query;
  const flags = qr * FLAG.QR + rd * FLAG.RD + cd * FLAG.CD;
  return encodeQuery({ id, opcode, flags, questions, ...(edns !== undefined && { edns }) });
}

async function checkReply(running: RunningServer, entry: MessageCase): Promise<void> {
  const { query = {}, expect } = entry;
  const bytes = bytesOf(entry);
  const startMs = performance.now();
  const reply = await rawAsk(running, bytes, query.proto ?? 'udp');
  const tookMs = performance.now() - startMs;
  compare(reply, bytes, expect);
  assert.ok(tookMs >= (expect.afterMsMin ?? 0), `after ${tookMs} ms`);
  assert.ok(tookMs <= (expect.afterMsMax ?? Infinity), `after ${tookMs} ms`);
  const failures = expect.metric?.dns_upstream_failures_total;
  if (failures !== undefined) assert.equal(running.counts.failed, failures, 'dns_upstream_failures_total');
}

async function rawAsk(running: RunningServer, bytes: Buffer, protocol: 'udp' | 'tcp'): Promise<Decoded> {
  if (protocol === 'tcp') {
    const [reply] = await askTcp(running.at('tcp'), [bytes]);
    return decode(reply ?? assert.fail('no reply'));
  }
  const { host, port } = running.at('udp');
  const socket = createSocket('udp4');
  try {
    socket.send(bytes, port, host);
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    return decode(reply);
  } finally {
    socket.close();
  }
}

function compare(reply: Decoded, query: Buffer, expect: Expected): void {
  const isSet = (flag: number): boolean => (reply.flags & flag) !== 0;
  const rcode = RCODES[reply.rcode];
  const actual = {
    ...(expect.rcode !== undefined && { rcode: rcode === expect.orAlso ? expect.rcode : rcode }),
    ...(expect.id !== undefined && { id: reply.id }),
    ...(expect.qr !== undefined && { qr: Number(isSet(FLAG.QR)) }),
    ...(expect.aa !== undefined && { aa: isSet(FLAG.AA) }),
    ...(expect.rd !== undefined && { rd: Number(isSet(FLAG.RD)) }),
    ...(expect.cd !== undefined && { cd: Number(isSet(FLAG.CD)) }),
    ...(expect.tc !== undefined && { tc: Number(isSet(FLAG.TC)) }),
    ...(expect.answers !== undefined && { answers: reply.answers.length }),
  };
  const expected = Object.fromEntries(Object.keys(actual).map((key) => [key, expect[key as keyof Expected]]));
  assert.deepEqual(actual, expected);
  if (expect.questionEchoed === true) assert.deepEqual(reply.questions, decode(query).questions);
  assert.ok(reply.bytes <= (expect.maxBytes ?? Infinity), `${reply.bytes} bytes`);
}

/** A query that is answered, sent after it, shows that nothing came for the first. */
async function checkSilence(running: RunningServer, bytes: Buffer): Promise<void> {
  const { host, port } = running.at('udp');
  const socket = createSocket('udp4');
  try {
    socket.send(bytes, port, host);
    socket.send(encodeQuery({ id: 4711, name: 'productpage.' }), port, host);
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    assert.equal(decode(reply).id, 4711);
  } finally {
    socket.close();
  }
}

async function checkReloads(fixtures: Fixtures, { running, feed }: Subject, reloads: number): Promise<void> {
  const table = (last: number) => ({
    ...tableOf(fixtures, 'base'),
    'twice.example': { ips: [`10.3.0.${last}`, `10.4.0.${last}`], registry: 'External' },
  });
  await feed.load(table(0));
  const over = new AbortController();
  const reloading = (async (): Promise<void> => {
    for (let last = 1; last <= reloads; last += 1) await feed.load(table(last));
    over.abort();
  })();
  while (!over.signal.aborted) {
    const { answers } = await running.ask({ name: 'twice.example.' });
    const lasts = answers.map(({ data }) => data.split('.')[3]);
    assert.equal(answers.length, 2);
    assert.equal(lasts[0], lasts[1]);
  }
  await reloading;
}
