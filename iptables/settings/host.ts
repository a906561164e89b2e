// This machine as the capture sees it.

import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

import type { CaptureHost } from './detected-settings.ts';
import { interfaceNames, ipv4Addresses, ipv6Addresses } from './kernel-addresses.ts';

export function systemHost(): CaptureHost {
  return {
    addresses: async () => [
      ...new Set([...nodeAddresses('IPv4'), ...ipv4Addresses(await procText('fib_trie'))]),
      ...new Set([...nodeAddresses('IPv6'), ...ipv6Addresses(await procText('if_inet6'))]),
    ],
    interfaces: async () => new Set(interfaceNames(await procText('dev'))),
    readText: (path) => readFile(path, 'utf8'),
    uid: () => process.getuid?.() ?? -1,
  };
}

/** In the kernel's order, which /proc does not keep, but only of interfaces that are running. */
function nodeAddresses(family: string): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter((entry) => entry.family === family).map(({ address }) => address);
}

async function procText(name: string): Promise<string> {
  try {
    return await readFile(`/proc/net/${name}`, 'utf8');
  } catch {
    return ''; // a kernel without IPv6, or no Linux: Node's list is what there is
  }
}
