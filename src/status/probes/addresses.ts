// Between which addresses a probe goes: from one that the capture rules leave alone, to where the kubelet would have
// gone. Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go NewServer, ProbeDialer.

import { isIPv6 } from 'node:net';

export interface ProbeAddresses {
  /** Connections from here pass the traffic capture: `127.0.0.6` or `::6`. */
  readonly source: string;
  /** The pod's address, or `localhost`. */
  readonly destination: string;
}

const SOURCE = { v4: '127.0.0.6', v6: '::6' };

/** fe80::/10 */
const LINK_LOCAL = /^fe[89ab][\da-f]:/i;

/**
 * @param podIp INSTANCE_IP; empty stands for localhost
 * @param proxyIps every address of the proxy; when all are of IPv6, it is the family
 * @param legacyLocalhost REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION
 */
export function probeAddresses(
  podIp: string,
  proxyIps: readonly string[],
  legacyLocalhost: boolean,
): ProbeAddresses {
  const isIpv6Only = proxyIps.length > 0 && proxyIps.every((ip) => isIPv6(ip));
  const isSixth = isIpv6Only || (isIPv6(podIp) && !LINK_LOCAL.test(podIp));
  return {
    source: isSixth ? SOURCE.v6 : SOURCE.v4,
    destination: legacyLocalhost || podIp === '' ? 'localhost' : podIp,
  };
}
