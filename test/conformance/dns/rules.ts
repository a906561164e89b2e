// What is decided without a socket: the resolver file, listening addresses, names of an entry, the debug page.

import assert from 'node:assert/strict';

import { debugTable } from '../../../src/dns/names/debug-table.ts';
import { LookupTable } from '../../../src/dns/names/lookup-table.ts';
import { namesOf } from '../../../src/dns/names/name-table.ts';
import { planDns } from '../../../src/dns/plan.ts';
import { hostPort } from '../../../src/runtime/host-port.ts';
import { packed, readJson } from '../../dns/support/packed.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { ConformanceCase } from '../case.ts';
import { contextOf, tableOf, type Fixtures } from './fixtures.ts';

interface Table<Entry> {
  readonly cases: readonly Entry[];
}

interface ResolvConfCase {
  readonly id: string;
  readonly file: string;
  readonly expect: { readonly servers: readonly string[]; readonly search: readonly string[] };
}

interface AddressCase {
  readonly id: string;
  readonly addr: string;
  readonly uid: number;
  readonly nameservers: readonly string[];
  readonly expect: {
    readonly listen?: readonly string[];
    readonly respondBeforeSync?: boolean;
    readonly log?: string;
    readonly startupError?: string;
  };
}

interface AlternateHostCase {
  readonly id: string;
  readonly table: string;
  readonly context: string;
  readonly host: string;
  readonly expect: readonly string[];
}

export interface RuleData {
  readonly resolvConf: Table<ResolvConfCase>;
  readonly addresses: Table<AddressCase>;
  readonly alternateHosts: Table<AlternateHostCase>;
  readonly debugTable: object;
}

export function* ruleCases(fixtures: Fixtures, data: RuleData): Iterable<ConformanceCase> {
  for (const entry of data.resolvConf.cases) yield { name: entry.id, run: () => checkResolvConf(entry) };
  for (const entry of data.addresses.cases) yield { name: entry.id, run: () => checkAddress(entry) };
  for (const entry of data.alternateHosts.cases) {
    yield { name: entry.id, run: async () => checkAlternateHost(fixtures, entry) };
  }
  yield { name: 'ndsz', run: () => checkDebugTable(fixtures, data.debugTable) };
}

async function plan(address: string, uid: number, resolvConf: string) {
  const recorded = recordingLog();
  const deps = { readText: (): Promise<string> => Promise.resolve(resolvConf), log: recorded.log };
  return { ...(await planDns({ address, isRoot: uid === 0 }, deps)), log: recorded.messages() };
}

async function checkResolvConf({ file, expect }: ResolvConfCase): Promise<void> {
  const { resolvers, search } = await plan('', 1337, file);
  assert.deepEqual({ servers: resolvers.map(hostPort), search }, expect);
}

async function checkAddress({ addr, uid, nameservers, expect }: AddressCase): Promise<void> {
  const planned = plan(addr, uid, nameservers.map((server) => `nameserver ${server}\n`).join(''));
  if (expect.startupError !== undefined) {
    await assert.rejects(planned, (error) => String(error).includes(expect.startupError ?? ''));
    return;
  }
  const { listen, respondBeforeSync, log } = await planned;
  const sockets = listen.map(hostPort).flatMap((text) => [`udp ${text}`, `tcp ${text}`]);
  const inWords = expect.listen?.some((entry) => entry.startsWith('udp and tcp')) ?? false;
  assert.deepEqual(
    sockets.toSorted(),
    inWords ? ['tcp', 'udp'].map((p) => `${p} ${addr}`) : expect.listen?.toSorted(),
  );
  assert.equal(respondBeforeSync, expect.respondBeforeSync);
  if (expect.log !== undefined) assert.ok(log.includes(expect.log));
}

function checkAlternateHost(fixtures: Fixtures, { table, context, host, expect }: AlternateHostCase): void {
  const info = tableOf(fixtures, table)[host] ?? assert.fail(`no host ${host}`);
  const names = namesOf(host, info, contextOf(fixtures, context));
  assert.deepEqual([...names].toSorted(), expect.toSorted());
}

async function checkDebugTable(fixtures: Fixtures, expected: object): Promise<void> {
  const table = tableOf(fixtures, 'base');
  const lookup = await LookupTable.build(packed(table), contextOf(fixtures, 'ns1'));
  assert.deepEqual(await readJson(debugTable(lookup)), expected);
}
