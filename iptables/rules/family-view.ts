// What a subject of rules sees: the config, and the addresses of the family it makes rules for.

import type { CaptureConfig } from '../settings/capture-config.ts';
import type { Family } from './rule.ts';

export interface FamilyView {
  readonly config: CaptureConfig;
  readonly family: Family;
  /** The application talking to itself. */
  readonly loopback: string;
  /** Source of the connections by which the proxy hands inbound traffic to the application. */
  readonly passthrough: string;
  readonly includedRanges: readonly string[];
  readonly excludedRanges: readonly string[];
  /** DNS servers as single-address ranges; empty when every server is captured or none. */
  readonly dnsServers: readonly string[];
}

const PASSTHROUGH: Readonly<Record<Family, string>> = { v4: '127.0.0.6/32', v6: '::6/128' };
const HOST_BITS: Readonly<Record<Family, number>> = { v4: 32, v6: 128 };

export function familyView(config: CaptureConfig, family: Family): FamilyView {
  const servers = config.dns === undefined || config.dns.all ? [] : config.dns.servers[family];
  return {
    config,
    family,
    loopback: config.loopback[family],
    passthrough: PASSTHROUGH[family],
    includedRanges: config.outboundRanges[family],
    excludedRanges: config.outboundExcludedRanges[family],
    dnsServers: servers.map((server) => `${server}/${HOST_BITS[family]}`),
  };
}

/** Owners of the proxy's processes as options of the owner match: users, then groups. */
export function proxyOwners({ proxyUids, proxyGids }: CaptureConfig): readonly string[] {
  return [...proxyUids.map((uid) => `--uid-owner ${uid}`), ...proxyGids.map((gid) => `--gid-owner ${gid}`)];
}
