// Random configurations of a pod, and random calls from it and to it, for the comparison of what is explained with
// what happens.

import * as fc from 'fast-check';

import type { CaptureSettings } from '../../../../iptables/settings/capture-config.ts';
import { podSettings } from '../../../iptables/settings-example.ts';
import { ADDRESSES } from '../pod-and-peer.ts';
import type { Owner } from '../capture-host.ts';

/** A resolver on the pod itself. */
export const LOCAL_RESOLVER = '127.0.0.53';

/** Ports with a listener at every place; none of them is one of the proxy's own but the tunnel port. */
export const PORTS = [53, 8080, 9090, 9091, 15_008, 15_021] as const;

export interface AnyFlow {
  readonly from: 'pod' | 'peer';
  readonly protocol: 'tcp' | 'udp';
  readonly destination: string;
  readonly port: number;
  readonly owner: Owner;
  /** Bound by the caller; absent: the kernel chooses. */
  readonly source?: string;
}

const subset = (items: readonly string[]): fc.Arbitrary<string> =>
  fc.subarray([...items]).map((chosen) => chosen.join(','));

const portLists = subset(['53', '8080', '9090:9091', '15021']);
const ranges = ['10.77.0.0/24', '10.78.0.1/32', 'fd77::/64', 'fd78::1/128', '127.0.0.0/8'];
const often = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

/** @param mode decides who listens, so it is not random */
export function anyPodSettings(mode: 'REDIRECT' | 'TPROXY'): fc.Arbitrary<CaptureSettings> {
  return fc
    .record({
      inboundInterceptionMode: fc.constant(mode),
      proxyUID: fc.constantFrom('1337', '1337,2020'),
      proxyGID: fc.constantFrom('1337', '1337,888'),
      inboundPortsInclude: often('*', portLists),
      inboundPortsExclude: portLists,
      ownerGroupsInclude: often('*', subset(['1000', '888', '999'])),
      ownerGroupsExclude: often('', subset(['888', '999'])),
      outboundPortsInclude: often('', portLists),
      outboundPortsExclude: often('', portLists),
      outboundIPRangesInclude: often('*', subset(ranges)),
      outboundIPRangesExclude: often('', subset(ranges)),
      excludeInterfaces: often('', fc.constantFrom('eth0', 'net7', 'lo')),
      rerouteVirtualInterfaces: often('', fc.constant('eth0')),
      hostIPv4LoopbackCidr: often('127.0.0.1/32', fc.constantFrom('127.0.0.0/8', '127.0.0.0/24')),
      redirectDNS: fc.boolean(),
      captureAllDNS: fc.boolean(),
      dropInvalid: fc.boolean(),
      enableIPv6: often(true, fc.boolean()),
      dnsServersV4: fc.subarray([ADDRESSES.IPv4.peer, LOCAL_RESOLVER]),
      dnsServersV6: fc.subarray([ADDRESSES.IPv6.peer]),
    })
    .map((changes) => podSettings(changes));
}

const application = fc.record({
  uid: fc.constantFrom(0, 1000, 2020, 3030),
  gid: fc.constantFrom(888, 999, 1000),
});
const owner = fc.oneof(
  { weight: 2, arbitrary: application },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ uid: 1337, gid: 1337 }, { uid: 1337, gid: 1000 }, { uid: 5, gid: 1337 }),
  },
);
const protocol = fc.constantFrom('tcp' as const, 'tcp' as const, 'udp' as const);
const version = fc.constantFrom(ADDRESSES.IPv4, ADDRESSES.IPv4, ADDRESSES.IPv6);

const leaving: fc.Arbitrary<AnyFlow> = version.chain((addresses) =>
  fc.record({
    from: fc.constant('pod' as const),
    protocol,
    destination: fc.constantFrom(addresses.peer, addresses.peerElsewhere),
    port: fc.constantFrom(...PORTS),
    owner,
  }),
);

/** Calls of the pod to itself, some of them as the proxy hands over what has arrived. */
const staying: fc.Arbitrary<AnyFlow> = version.chain((addresses) =>
  fc.record(
    {
      from: fc.constant('pod' as const),
      protocol,
      destination: fc.constantFrom(
        addresses.pod,
        addresses.pod,
        addresses.loopback,
        ...(addresses === ADDRESSES.IPv4 ? [LOCAL_RESOLVER] : []),
      ),
      port: fc.constantFrom(...PORTS),
      owner,
      source: fc.constantFrom(addresses.passthrough),
    },
    { requiredKeys: ['from', 'protocol', 'destination', 'port', 'owner'] },
  ),
);

const arriving: fc.Arbitrary<AnyFlow> = version.chain((addresses) =>
  fc.record({
    from: fc.constant('peer' as const),
    protocol,
    destination: fc.constant(addresses.pod),
    port: fc.constantFrom(...PORTS),
    owner: fc.constant({ uid: 0, gid: 0 }),
    source: fc.constantFrom(addresses.peer, addresses.peerElsewhere),
  }),
);

export const anyFlow: fc.Arbitrary<AnyFlow> = fc.oneof(leaving, leaving, staying, arriving);
