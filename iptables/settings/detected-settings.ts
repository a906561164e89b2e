// Completes a request with what this host says: the proxy's uid, the own address, the DNS servers.

import { messageOf } from '../../src/runtime/errors.ts';
import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';
import type { CaptureSettings } from './capture-config.ts';
import type { CaptureRequest } from './capture-request.ts';
import { familyOf } from './cidr.ts';
import { type LocalAddress, localAddress, reachable, reachableIPv6 } from './local-address.ts';
import { type DnsServers, dnsServers } from './resolv-conf.ts';

export interface CaptureHost {
  /** Addresses of all interfaces, in the kernel's order: IPv4 first. */
  readonly addresses: () => Promise<readonly string[]>;
  readonly interfaces: () => Promise<ReadonlySet<string>>;
  readonly readText: (path: string) => Promise<string>;
  /** The user this process runs as. */
  readonly uid: () => number;
}

/** Settings complete with what was found on this host. */
export interface DetectedSettings extends CaptureSettings {
  /** The first address by which others reach this host; empty when there is none and none is needed. */
  readonly hostIP: string;
  /** An IPv6 address by which others reach this host, captured or not. */
  readonly hostIPv6?: string;
}

/** True for a host without an IPv4 address: it may also lack the IPv4 tools. */
export function isIPv6Only({ hostIP }: DetectedSettings): boolean {
  return familyOf(hostIP) === 'v6';
}

/** The proxy's uid when neither the user nor the system names one. */
const DEFAULT_PROXY_UID = '1337';

/** @throws CaptureError when there is no own address, or resolv.conf is needed and cannot be read */
export async function detectSettings(
  request: CaptureRequest,
  host: CaptureHost,
  log: Log,
): Promise<DetectedSettings> {
  const proxyUID = request.proxyUID === '' ? await uidOf(request.envoyUser, host) : request.proxyUID;
  const addresses = await host.addresses();
  const { hostIP, enableIPv6 } = ownAddress(addresses, request);
  const hostIPv6 = reachableIPv6(addresses);
  const servers = await capturedServers(request, host);
  for (const entry of servers.unknownZones) {
    log.warn(`nameserver ${entry} names an interface that does not exist; its queries are not captured`);
  }
  return {
    ...request,
    proxyUID,
    proxyGID: request.proxyGID === '' ? proxyUID : request.proxyGID,
    hostIP,
    enableIPv6,
    ...(hostIPv6 !== undefined && { hostIPv6 }),
    dnsServersV4: servers.v4,
    dnsServersV6: servers.v6,
  };
}

/** A clean-up of everything needs none: it may be what brings the network back. */
function ownAddress(addresses: readonly string[], { cleanup, dualStack }: CaptureRequest): LocalAddress {
  if (cleanup === 'all' && reachable(addresses).length === 0) return { hostIP: '', enableIPv6: false };
  return localAddress(addresses, dualStack);
}

async function uidOf(user: string, host: CaptureHost): Promise<string> {
  // A host without user list is one that does not know the user.
  const passwd = await host.readText('/etc/passwd').catch(() => '');
  const entry = passwd.split('\n').find((line) => line.startsWith(`${user}:`));
  return entry?.split(':')[2] ?? DEFAULT_PROXY_UID;
}

async function capturedServers(request: CaptureRequest, host: CaptureHost): Promise<DnsServers> {
  if (!request.redirectDNS || request.captureAllDNS) return { v4: [], v6: [], unknownZones: [] };
  try {
    return dnsServers(await host.readText('/etc/resolv.conf'), await host.interfaces());
  } catch (error) {
    throw new CaptureError(`failed to load /etc/resolv.conf: ${messageOf(error)}`, {
      id: 'IPT-RESOLV-CONF',
      cause: error,
    });
  }
}
