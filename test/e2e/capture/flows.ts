// What packets must do under which flags, written once for every backend and both IP versions.

import type { Owner } from './capture-host.ts';
import { APPLICATION, type Place, PROXY, ROOT_PROXY } from './pod-and-peer.ts';

export interface Flow {
  /** What the rules do, as the end of a sentence about them. */
  readonly name: string;
  readonly from: 'pod' | 'peer';
  readonly owner: Owner;
  readonly protocol: 'tcp' | 'udp';
  readonly to: Place;
  readonly port: number;
  /** Address that the caller binds. */
  readonly as?: Place;
  readonly sourcePort?: number;
  /** The port whose listener must answer. */
  readonly arrivesAt: number;
  /** The port of the proxy that must hand it on. */
  readonly through?: number;
  /** The source that the answering side must see. */
  readonly seenFrom?: Place;
}

export interface Scenario {
  readonly name: string;
  readonly mode: 'REDIRECT' | 'TPROXY';
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** In this order: later ones may depend on connections that earlier ones left in the kernel. */
  readonly flows: readonly Flow[];
}

const INBOUND = { from: 'peer', owner: { uid: 0, gid: 0 }, protocol: 'tcp', to: 'pod' } as const;
const OUTBOUND = { from: 'pod', owner: APPLICATION, protocol: 'tcp', to: 'peer' } as const;
const QUERY = { from: 'pod', owner: APPLICATION, protocol: 'udp', to: 'peer', port: 53 } as const;
const INJECTED = '-p 15001 -z 15006 -u 1337,2020 -i * -b * -d 15090,15021,15020 --dual-stack'.split(' ');

const EXCLUDED_INBOUND: Flow = {
  ...INBOUND,
  name: 'leave an excluded inbound port alone',
  port: 15_021,
  arrivesAt: 15_021,
};

const OUTBOUND_FLOWS: readonly Flow[] = [
  { ...OUTBOUND, name: 'bring a call to the outbound listener', port: 9090, arrivesAt: 15_001 },
  { ...OUTBOUND, name: 'leave an excluded outbound port alone', port: 9091, arrivesAt: 9091 },
  {
    ...OUTBOUND,
    name: 'leave an excluded range alone',
    to: 'peerElsewhere',
    port: 9090,
    arrivesAt: 9090,
  },
  {
    ...OUTBOUND,
    name: 'leave an excluded user alone',
    owner: { uid: 2020, gid: 1000 },
    port: 9090,
    arrivesAt: 9090,
  },
  {
    ...OUTBOUND,
    name: "leave the proxy's group alone",
    owner: { uid: 3030, gid: 1337 },
    port: 9090,
    arrivesAt: 9090,
  },
  {
    ...OUTBOUND,
    name: 'leave an excluded group alone',
    owner: { uid: 1000, gid: 888 },
    port: 9090,
    arrivesAt: 9090,
  },
  { ...OUTBOUND, name: 'leave UDP alone', protocol: 'udp', port: 9090, arrivesAt: 9090 },
];

const LOOPBACK_FLOWS: readonly Flow[] = [
  {
    ...OUTBOUND,
    name: "leave the application's call to its own address alone",
    to: 'pod',
    port: 8080,
    arrivesAt: 8080,
  },
  {
    ...OUTBOUND,
    name: "leave the application's call to localhost alone",
    to: 'loopback',
    port: 8080,
    arrivesAt: 8080,
  },
];

const REDIRECT_SCENARIO: Scenario = {
  name: 'REDIRECT',
  mode: 'REDIRECT',
  args: [...INJECTED, '-m', 'REDIRECT', '-x', '10.78.0.0/24,fd78::/64', '-o', '9091'],
  env: { ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: '888' },
  flows: [
    { ...INBOUND, name: 'bring an arriving call to the inbound listener', port: 8080, arrivesAt: 15_006 },
    EXCLUDED_INBOUND,
    { ...INBOUND, name: 'leave the tunnel port alone', port: 15_008, arrivesAt: 15_008 },
    ...OUTBOUND_FLOWS,
    ...LOOPBACK_FLOWS,
    {
      ...OUTBOUND,
      name: "bring the proxy's call to the own service back in",
      owner: PROXY,
      to: 'pod',
      port: 8080,
      arrivesAt: 15_006,
    },
    {
      ...OUTBOUND,
      name: 'let the proxy hand inbound traffic to the application',
      owner: PROXY,
      to: 'pod',
      as: 'passthrough',
      port: 8080,
      arrivesAt: 8080,
    },
    {
      ...OUTBOUND,
      name: "leave the proxy's call to localhost alone",
      owner: PROXY,
      to: 'loopback',
      port: 8080,
      arrivesAt: 8080,
    },
    { ...QUERY, name: 'leave DNS alone', arrivesAt: 53 },
  ],
};

const TPROXY_SCENARIO: Scenario = {
  name: 'TPROXY',
  mode: 'TPROXY',
  args: [...INJECTED, '-m', 'TPROXY', '-x', '10.78.0.0/24,fd78::/64', '-o', '9091'],
  env: { ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: '888', PROXY_GID: '1337' },
  flows: [
    {
      ...INBOUND,
      name: 'keep the source address of an arriving call up to the application',
      port: 8080,
      arrivesAt: 8080,
      through: 15_006,
      seenFrom: 'peer',
    },
    EXCLUDED_INBOUND,
    ...OUTBOUND_FLOWS,
    ...LOOPBACK_FLOWS,
    {
      ...OUTBOUND,
      name: 'let the proxy call others',
      owner: ROOT_PROXY,
      port: 9090,
      arrivesAt: 9090,
    },
  ],
};

const DNS_FLOWS: readonly Flow[] = [
  { ...QUERY, name: 'bring a DNS query over UDP to the agent', arrivesAt: 15_053 },
  { ...QUERY, name: 'bring a DNS query over TCP to the agent', protocol: 'tcp', arrivesAt: 15_053 },
  { ...QUERY, name: "let the agent's own queries out", owner: PROXY, arrivesAt: 53 },
  {
    ...QUERY,
    name: 'bring a query from a certain port to the agent',
    sourcePort: 40_053,
    arrivesAt: 15_053,
  },
  {
    ...QUERY,
    name: "let the agent's query from that same port out",
    owner: PROXY,
    sourcePort: 40_053,
    arrivesAt: 53,
  },
];

export const SCENARIOS: readonly Scenario[] = [
  REDIRECT_SCENARIO,
  TPROXY_SCENARIO,
  {
    name: 'DNS of the servers in resolv.conf',
    mode: 'REDIRECT',
    args: [...INJECTED, '--redirect-dns'],
    flows: [
      ...DNS_FLOWS,
      { ...QUERY, name: 'leave another server over UDP alone', to: 'peerElsewhere', arrivesAt: 53 },
      {
        ...QUERY,
        name: 'treat another server over TCP as any call',
        to: 'peerElsewhere',
        protocol: 'tcp',
        arrivesAt: 15_001,
      },
    ],
  },
  {
    name: 'all DNS',
    mode: 'REDIRECT',
    args: [...INJECTED, '--redirect-dns', '--capture-all-dns'],
    flows: [
      ...DNS_FLOWS,
      { ...QUERY, name: 'bring a query to any server to the agent', to: 'peerElsewhere', arrivesAt: 15_053 },
    ],
  },
  {
    name: 'listed ports, ranges and groups',
    mode: 'REDIRECT',
    args: '-b 8080 -i 10.77.0.0/24,fd77::/64 -q 9091 -u 1337 --dual-stack'.split(' '),
    env: { ISTIO_OUTBOUND_OWNER_GROUPS: '1000' },
    flows: [
      { ...INBOUND, name: 'bring a listed inbound port in', port: 8080, arrivesAt: 15_006 },
      { ...INBOUND, name: 'leave other inbound ports alone', port: 15_021, arrivesAt: 15_021 },
      { ...OUTBOUND, name: 'bring a call to a listed range out', port: 9090, arrivesAt: 15_001 },
      {
        ...OUTBOUND,
        name: 'leave other ranges alone',
        to: 'peerElsewhere',
        port: 9090,
        arrivesAt: 9090,
      },
      {
        ...OUTBOUND,
        name: 'bring a call to a listed port out, whatever its range',
        to: 'peerElsewhere',
        port: 9091,
        arrivesAt: 15_001,
      },
      {
        ...OUTBOUND,
        name: 'leave other groups alone',
        owner: { uid: 1000, gid: 888 },
        port: 9090,
        arrivesAt: 9090,
      },
    ],
  },
  {
    name: 'an excluded interface',
    mode: 'REDIRECT',
    args: [...INJECTED, '-c', 'eth0'],
    flows: [
      { ...INBOUND, name: 'leave arriving calls alone', port: 8080, arrivesAt: 8080 },
      { ...OUTBOUND, name: 'leave leaving calls alone', port: 9090, arrivesAt: 9090 },
    ],
  },
];
