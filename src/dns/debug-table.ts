// The name table as people look at it: what the control plane sent, and every name made from it.
// Upstream: istio 1.31 pkg/dns/client/dns.go NameTable, served as /debug/ndsz.

import { isIPv6, SocketAddress } from 'node:net';

import type { LookupTable } from './lookup-table.ts';
import type { NameInfo, NameTable } from './name-table.ts';

export interface DebugTable {
  readonly table: NameTable;
}

/** Every made name is said to be of Kubernetes, whatever it was made from. */
export function debugTable(sent: NameTable, lookup: LookupTable): DebugTable {
  const made = [...lookup.entries()].filter(([name]) => !Object.hasOwn(sent, name));
  const entries = made.map(([name, { v4, v6 }]): [string, NameInfo] => [
    name,
    { ips: [...v4, ...v6].map(canonical), registry: 'Kubernetes' },
  ]);
  return { table: { ...sent, ...Object.fromEntries(entries) } };
}

function canonical(ip: string): string {
  return isIPv6(ip) ? new SocketAddress({ address: ip, family: 'ipv6' }).address : ip;
}
