// Area `dns`: the pure rules as they are, lookups and messages through a server on loopback with fake resolvers, over UDP
// and TCP, asking them in turn and all at once. Its tables come from a control plane, through the proxy of the streams.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ConformanceCase } from './case.ts';
import { lookupCases } from './dns/lookups.ts';
import { messageCases } from './dns/messages.ts';
import { ruleCases } from './dns/rules.ts';

/** @throws when `directory` lacks one of the area's files */
export async function* cases(directory: string): AsyncIterable<ConformanceCase> {
  const load = async (name: string): Promise<never> =>
    JSON.parse(await readFile(join(directory, name), 'utf8')) as never;
  const { tables }: { tables: never } = await load('name-tables.json');
  const { contexts }: { contexts: never } = await load('contexts.json');
  const fixtures = { tables, contexts };
  yield* ruleCases(fixtures, {
    resolvConf: await load('resolv-conf-cases.json'),
    addresses: await load('bind-address-cases.json'),
    alternateHosts: await load('alternate-host-cases.json'),
    debugTable: await load('ndsz-base.golden.json'),
  });
  yield* lookupCases(fixtures, await load('lookup-cases.json'));
  yield* messageCases(fixtures, await load('message-cases.json'));
}
