// The name table as people look at it: what the control plane sent, and every name made from it.
// Upstream: istio 1.31 pkg/dns/client/dns.go NameTable, served as /debug/ndsz.

import { SocketAddress } from 'node:net';

import { forEachInSlices } from '../runtime/slices.ts';
import type { Addresses, LookupTable } from './lookup-table.ts';
import type { NameInfo, NameTable } from './name-table.ts';

export interface DebugTable {
  readonly table: NameTable;
}

/** Every made name is said to be of Kubernetes, whatever it was made from. Lets other work run in between. */
export async function debugTable(sent: NameTable, lookup: LookupTable): Promise<DebugTable> {
  const infos = new Map<Addresses, NameInfo>(); // the names of one host share it
  const table: Record<string, NameInfo> = { ...sent };
  await forEachInSlices(lookup.entries(), ([name, addresses]) => {
    if (Object.hasOwn(sent, name)) return;
    const info = infos.get(addresses) ?? infoOf(addresses);
    infos.set(addresses, info);
    table[name] = info; // ends with a dot, so it is never one of Object's own
  });
  return { table };
}

function infoOf({ v4, v6 }: Addresses): NameInfo {
  return { ips: [...v4, ...v6.map(canonical)], registry: 'Kubernetes' };
}

function canonical(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address;
}
