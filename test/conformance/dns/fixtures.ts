// The tables and proxies that the cases speak of.

import assert from 'node:assert/strict';

import type { LookupContext } from '../../../src/dns/names/lookup-table.ts';
import type { NameTable } from '../../dns/support/packed.ts';

interface ProxyContext {
  readonly namespace: string;
  readonly proxyDomain: string;
  readonly search: readonly string[];
}

export interface Fixtures {
  readonly tables: Readonly<Record<string, NameTable>>;
  readonly contexts: Readonly<Record<string, ProxyContext>>;
}

export function tableOf({ tables }: Fixtures, name: string): NameTable {
  return tables[name] ?? assert.fail(`no table ${name}`);
}

export function contextOf({ contexts }: Fixtures, name: string): LookupContext {
  const { namespace, proxyDomain: domain, search } = contexts[name] ?? assert.fail(`no context ${name}`);
  return { namespace, domain, search };
}
