// Which addresses are this machine's own.

import { BlockList } from 'node:net';

import { ipFamily } from './ip-family.ts';

/** True for 127.0.0.0/8, `::1` and their IPv4-mapped form; false for anything that is no address. */
export function isLoopback(address = ''): boolean {
  const family = ipFamily(address);
  return family !== undefined && LOOPBACK.check(address, family);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
