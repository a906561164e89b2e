// The DNS servers named in resolv.conf, by family. Pure.

import type { Family } from '../rules/rule.ts';
import { canonicalIPv6, familyOf } from './cidr.ts';

export type DnsServers = Readonly<Record<Family, readonly string[]>> & {
  /** Entries whose interface does not exist; a rule for them would be refused. */
  readonly unknownZones: readonly string[];
};

/** @param interfaces names that may stand after `%`; entries that are no address are skipped */
export function dnsServers(text: string, interfaces: ReadonlySet<string>): DnsServers {
  const entries = text.split('\n').flatMap((line) => {
    const [keyword, server] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    return keyword === 'nameserver' && server !== undefined ? [server] : [];
  });
  const isUnknown = (entry: string): boolean => {
    const zone = entry.split('%')[1];
    return zone !== undefined && !interfaces.has(zone);
  };
  const addresses = entries.filter((entry) => !isUnknown(entry)).map((entry) => entry.split('%')[0] ?? '');
  return {
    v4: addresses.filter((address) => familyOf(address) === 'v4'),
    v6: addresses.filter((address) => familyOf(address) === 'v6').map(canonicalIPv6),
    unknownZones: entries.filter(isUnknown),
  };
}
