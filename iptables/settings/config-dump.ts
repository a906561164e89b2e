// The two blocks of `NAME=value` lines at the start of the log, which operators search for. Pure.
// Upstream counterpart: tools/istio-iptables/pkg/config Print, pkg/cmd/root.go.

import type { CaptureSettings } from './capture-config.ts';
import type { CaptureRequest } from './capture-request.ts';

const ENVIRONMENT: readonly string[] = [
  'ENVOY_PORT',
  'INBOUND_CAPTURE_PORT',
  'ISTIO_INBOUND_INTERCEPTION_MODE',
  'ISTIO_INBOUND_TPROXY_ROUTE_TABLE',
  'ISTIO_INBOUND_PORTS',
  'ISTIO_OUTBOUND_PORTS',
  'ISTIO_LOCAL_EXCLUDE_PORTS',
  'ISTIO_EXCLUDE_INTERFACES',
  'ISTIO_SERVICE_CIDR',
  'ISTIO_SERVICE_EXCLUDE_CIDR',
  'ISTIO_META_DNS_CAPTURE',
  'INVALID_DROP',
];

/** The variables as they are set, empty when they are not. */
export function environmentDump(
  env: Readonly<Record<string, string | undefined>>,
  backend: 'iptables' | 'nftables',
): string {
  const lines = ENVIRONMENT.map((name) => `${name}=${env[name] ?? ''}`);
  return [`Istio ${backend} environment:`, ...lines].join('\n');
}

/** What this run works with, after defaults and detection. */
export function configDump(settings: CaptureSettings, request: CaptureRequest): string {
  const values = {
    PROXY_PORT: settings.proxyPort,
    PROXY_INBOUND_CAPTURE_PORT: settings.inboundCapturePort,
    PROXY_TUNNEL_PORT: settings.inboundTunnelPort,
    PROXY_UID: settings.proxyUID,
    PROXY_GID: settings.proxyGID,
    INBOUND_INTERCEPTION_MODE: settings.inboundInterceptionMode,
    INBOUND_TPROXY_MARK: settings.inboundTProxyMark,
    INBOUND_TPROXY_ROUTE_TABLE: settings.inboundTProxyRouteTable,
    INBOUND_PORTS_INCLUDE: settings.inboundPortsInclude,
    INBOUND_PORTS_EXCLUDE: settings.inboundPortsExclude,
    OUTBOUND_OWNER_GROUPS_INCLUDE: settings.ownerGroupsInclude,
    OUTBOUND_OWNER_GROUPS_EXCLUDE: settings.ownerGroupsExclude,
    OUTBOUND_IP_RANGES_INCLUDE: settings.outboundIPRangesInclude,
    OUTBOUND_IP_RANGES_EXCLUDE: settings.outboundIPRangesExclude,
    OUTBOUND_PORTS_INCLUDE: settings.outboundPortsInclude,
    OUTBOUND_PORTS_EXCLUDE: settings.outboundPortsExclude,
    KUBE_VIRT_INTERFACES: settings.rerouteVirtualInterfaces,
    ENABLE_INBOUND_IPV6: settings.enableIPv6,
    DUAL_STACK: request.dualStack,
    DNS_CAPTURE: settings.redirectDNS,
    DROP_INVALID: settings.dropInvalid,
    CAPTURE_ALL_DNS: settings.captureAllDNS,
    DNS_SERVERS: `[${settings.dnsServersV4.join(' ')}],[${settings.dnsServersV6.join(' ')}]`,
    NETWORK_NAMESPACE: request.networkNamespace,
    CNI_MODE: request.cniMode,
    EXCLUDE_INTERFACES: settings.excludeInterfaces,
    RECONCILE: request.reconcile,
    CLEANUP_ONLY: request.cleanup !== 'no',
    FORCE_APPLY: request.forceApply,
    NATIVE_NFTABLES: request.nativeNftables,
    FORCE_IPTABLES_BINARY: request.forceBinary,
  };
  return ['Istio config:', ...Object.entries(values).map(([name, value]) => `${name}=${value}`)].join('\n');
}
