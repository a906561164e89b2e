// Which addresses are this machine's own.

import { BlockList, isIP } from 'node:net';

/** True for 127.0.0.0/8, `::1` and their IPv4-mapped form; false for anything that is no address. */
export function isLoopback(address: string | undefined): boolean {
  const family = isIP(address ?? '');
  if (address === undefined || family === 0) return false;
  return LOOPBACK.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
