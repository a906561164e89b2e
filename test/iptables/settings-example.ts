// The settings of an injected pod, to be changed by a test where it matters.

import type { CaptureSettings } from '../../iptables/settings/capture-config.ts';
import type { CaptureRequest } from '../../iptables/settings/capture-request.ts';

export function podSettings(changes: Partial<CaptureSettings> = {}): CaptureSettings {
  return {
    proxyPort: '15001',
    inboundCapturePort: '15006',
    inboundTunnelPort: '15008',
    proxyUID: '1337',
    proxyGID: '1337',
    inboundInterceptionMode: 'REDIRECT',
    inboundTProxyMark: '1337',
    inboundTProxyRouteTable: '133',
    inboundPortsInclude: '*',
    inboundPortsExclude: '15090,15021,15020',
    ownerGroupsInclude: '*',
    ownerGroupsExclude: '',
    outboundPortsInclude: '',
    outboundPortsExclude: '',
    outboundIPRangesInclude: '*',
    outboundIPRangesExclude: '',
    rerouteVirtualInterfaces: '',
    excludeInterfaces: '',
    redirectDNS: false,
    captureAllDNS: false,
    dropInvalid: false,
    enableIPv6: false,
    dnsServersV4: [],
    dnsServersV6: [],
    hostIPv4LoopbackCidr: '127.0.0.1/32',
    ...changes,
  };
}

export function podRequest(changes: Partial<CaptureRequest> = {}): CaptureRequest {
  return {
    ...podSettings(),
    envoyUser: 'istio-proxy',
    dualStack: false,
    preflight: 'no',
    comments: false,
    dryRun: false,
    dryRunFile: '',
    skipRuleApply: false,
    runValidation: false,
    probePort: 15_002,
    probeTimeoutMs: 5000,
    reconcile: false,
    forceApply: false,
    cleanup: 'no',
    nativeNftables: false,
    forceBinary: '',
    cniMode: false,
    networkNamespace: '',
    ...changes,
  };
}
