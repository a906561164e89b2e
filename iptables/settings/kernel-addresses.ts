// The kernel's own lists of this host's addresses, as /proc shows them. Node's list leaves out interfaces whose
// carrier is not up yet, which is the state of a pod's interface just after it was made. Pure.

import { canonicalIPv6 } from './cidr.ts';

/** @param text /proc/net/fib_trie; a single address marked local is one of this host's */
export function ipv4Addresses(text: string): readonly string[] {
  const found = text.matchAll(/\|-- (\S+)\n\s+\/32 host LOCAL/g);
  return [...new Set([...found].map(([, address = '']) => address))];
}

/** @param text /proc/net/if_inet6; an address of 32 hexadecimal digits begins each line */
export function ipv6Addresses(text: string): readonly string[] {
  const found = text.matchAll(/^[0-9a-f]{32}/gm);
  return [...found].map(([digits]) => canonicalIPv6((digits.match(/.{4}/g) ?? []).join(':')));
}

/** @param text /proc/net/dev */
export function interfaceNames(text: string): readonly string[] {
  return [...text.matchAll(/^\s*([^\s:|]+):/gm)].map(([, name = '']) => name);
}
