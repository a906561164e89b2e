// The name table as people look at it: what the control plane sent, and every name made from it.
// Upstream: istio 1.31 pkg/dns/client/dns.go NameTable, served as /debug/ndsz.

import { SocketAddress } from 'node:net';
import { setImmediate } from 'node:timers/promises';

import type { Addresses, LookupTable } from './lookup-table.ts';
import type { NameInfo } from './name-table.ts';

/** Hosts in one piece of the text: some kilobytes. */
const PIECE_HOSTS = 100;

/**
 * The protobuf JSON of a NameTable, in pieces between which other work runs. Every made name is said to be of
 * Kubernetes, whatever it was made from.
 */
export async function* debugTable(lookup: LookupTable): AsyncGenerator<string> {
  const { count } = lookup.hosts;
  yield count === 0 ? '{' : '{"table":{';
  for (let first = 0; first < count; first += PIECE_HOSTS) {
    const numbers = Array.from({ length: Math.min(PIECE_HOSTS, count - first) }, (_, index) => first + index);
    yield (first === 0 ? '' : ',') + numbers.flatMap((number) => membersOf(number, lookup)).join(',');
    await setImmediate();
  }
  yield count === 0 ? '}' : '}}';
}

/** The host as it was sent, and the names made from it but for those that are sent too. */
function membersOf(number: number, lookup: LookupTable): string[] {
  const { name, info } = lookup.hosts.at(number);
  const made = lookup.namesOfHost(number).filter(([each]) => !lookup.hasDottedHost(each));
  return [
    member(name, withoutEmpty(info)),
    ...made.map(([each, addresses]) => member(each, infoOf(addresses))),
  ];
}

function member(name: string, info: NameInfo): string {
  return `${JSON.stringify(name)}:${JSON.stringify(info)}`;
}

function withoutEmpty(info: NameInfo): NameInfo {
  return Object.fromEntries(Object.entries(info).filter(([, value]) => value.length > 0));
}

function infoOf({ v4, v6 }: Addresses): NameInfo {
  return { ips: [...v4, ...v6.map(canonical)], registry: 'Kubernetes' };
}

function canonical(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address;
}
