// From texts to a capture config: settings as the user and the detection gave them become lists, ranges and
// decisions that the rules only read. Ranges are checked while they are parsed; every other value before that, by
// settings-check.ts. Pure. Upstream counterpart: tools/istio-iptables/pkg/config.

import { CaptureError } from '../errors.ts';
import type { Family } from '../rules/rule.ts';
import type { CidrRanges } from './cidr.ts';
import { parseCidrRanges } from './cidr.ts';
import { splitList } from './lists.ts';

/** What decides the rules, as text: options, environment and the findings on this host. */
export interface CaptureSettings {
  readonly proxyPort: string;
  readonly inboundCapturePort: string;
  readonly inboundTunnelPort: string;
  readonly proxyUID: string;
  readonly proxyGID: string;
  /** Exactly `TPROXY`, or anything else for REDIRECT. */
  readonly inboundInterceptionMode: string;
  readonly inboundTProxyMark: string;
  readonly inboundTProxyRouteTable: string;
  /** `*`, a comma list, or empty for no inbound capture. */
  readonly inboundPortsInclude: string;
  /** Only read when every inbound port is captured. */
  readonly inboundPortsExclude: string;
  readonly ownerGroupsInclude: string;
  readonly ownerGroupsExclude: string;
  readonly outboundPortsInclude: string;
  readonly outboundPortsExclude: string;
  readonly outboundIPRangesInclude: string;
  readonly outboundIPRangesExclude: string;
  readonly rerouteVirtualInterfaces: string;
  readonly excludeInterfaces: string;
  readonly redirectDNS: boolean;
  readonly captureAllDNS: boolean;
  readonly dropInvalid: boolean;
  readonly enableIPv6: boolean;
  readonly dnsServersV4: readonly string[];
  readonly dnsServersV6: readonly string[];
  readonly hostIPv4LoopbackCidr: string;
}

/** The part that the user gives; the rest is found on the host. */
export type GivenSettings = Omit<CaptureSettings, 'enableIPv6' | 'dnsServersV4' | 'dnsServersV6'>;

export interface DnsCapture {
  /** Every port 53; otherwise only `servers`. */
  readonly all: boolean;
  readonly servers: Readonly<Record<Family, readonly string[]>>;
}

export interface CaptureConfig {
  readonly outboundPort: string;
  readonly inboundPort: string;
  readonly tunnelPort: string;
  readonly proxyUids: readonly string[];
  readonly proxyGids: readonly string[];
  /** Present when inbound traffic keeps its source address by TPROXY. */
  readonly tproxy?: { readonly mark: string; readonly table: string };
  /** Absent: inbound traffic is not captured. */
  readonly inboundPorts?: '*' | readonly string[];
  readonly inboundExcludedPorts: readonly string[];
  readonly ownerGroups: '*' | readonly string[];
  readonly excludedOwnerGroups: readonly string[];
  readonly outboundPorts: readonly string[];
  readonly outboundExcludedPorts: readonly string[];
  readonly outboundRanges: CidrRanges;
  readonly outboundExcludedRanges: CidrRanges;
  /** Interfaces of virtual machines, whose inbound traffic counts as outbound. */
  readonly virtualInterfaces: readonly string[];
  readonly excludedInterfaces: readonly string[];
  /** Absent: DNS is not captured. */
  readonly dns?: DnsCapture;
  readonly dropInvalid: boolean;
  readonly enableIPv6: boolean;
  /** Rules say in a comment what they are for. */
  readonly comments: boolean;
  readonly loopback: Readonly<Record<Family, string>>;
}

/** @throws CaptureError for a range that is not CIDR notation */
export function resolveCapture(settings: CaptureSettings): CaptureConfig {
  const { inboundPortsInclude: inbound, ownerGroupsInclude: groups } = settings;
  const dns = dnsCapture(settings);
  return {
    outboundPort: settings.proxyPort,
    inboundPort: settings.inboundCapturePort,
    tunnelPort: settings.inboundTunnelPort,
    proxyUids: splitList(settings.proxyUID),
    proxyGids: splitList(settings.proxyGID),
    ...(settings.inboundInterceptionMode === 'TPROXY' && {
      tproxy: { mark: settings.inboundTProxyMark, table: settings.inboundTProxyRouteTable },
    }),
    ...(inbound !== '' && { inboundPorts: inbound === '*' ? '*' : splitList(inbound) }),
    inboundExcludedPorts: splitList(settings.inboundPortsExclude),
    ownerGroups: groups === '*' ? '*' : splitList(groups),
    excludedOwnerGroups: splitList(settings.ownerGroupsExclude),
    outboundPorts: splitList(settings.outboundPortsInclude),
    outboundExcludedPorts: splitList(settings.outboundPortsExclude),
    ...outboundRanges(settings),
    virtualInterfaces: splitList(settings.rerouteVirtualInterfaces),
    excludedInterfaces: splitList(settings.excludeInterfaces),
    ...(dns !== undefined && { dns }),
    dropInvalid: settings.dropInvalid,
    enableIPv6: settings.enableIPv6,
    comments: false,
    loopback: { v4: settings.hostIPv4LoopbackCidr, v6: '::1/128' },
  };
}

/** True when DNS capture was asked for but there is no server whose queries could be captured. */
export function dnsCaptureIsIdle(settings: CaptureSettings): boolean {
  return settings.redirectDNS && dnsCapture(settings) === undefined;
}

function dnsCapture(settings: CaptureSettings): DnsCapture | undefined {
  const servers = { v4: settings.dnsServersV4, v6: settings.dnsServersV6 };
  const some = settings.captureAllDNS || servers.v4.length > 0 || servers.v6.length > 0;
  return settings.redirectDNS && some ? { all: settings.captureAllDNS, servers } : undefined;
}

function outboundRanges(
  settings: CaptureSettings,
): Pick<CaptureConfig, 'outboundRanges' | 'outboundExcludedRanges'> {
  if (settings.outboundIPRangesExclude === '*') {
    throw new CaptureError('invalid value for OUTBOUND_IP_RANGES_EXCLUDE: * would exclude every address', {
      id: 'IPT-BAD-CIDR',
    });
  }
  return {
    outboundRanges: named('--istio-service-cidr', settings.outboundIPRangesInclude),
    outboundExcludedRanges: named('--istio-service-exclude-cidr', settings.outboundIPRangesExclude),
  };
}

function named(flag: string, text: string): CidrRanges {
  try {
    return parseCidrRanges(text);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    throw new CaptureError(`${flag}: ${error.message}`, { id: error.id, cause: error });
  }
}
