// A pod and a peer joined by one cable, with listeners in the places where captured traffic can arrive.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Finished } from '../../iptables/network-namespace.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { CaptureHost, type ListeningSocket, type Owner } from './capture-host.ts';

export type IpVersion = 'IPv4' | 'IPv6';

export type Place = 'pod' | 'peer' | 'peerElsewhere' | 'loopback' | 'passthrough';

/** `peerElsewhere` is a second address of the peer, outside of the network of the first. */
export const ADDRESSES: Readonly<Record<IpVersion, Readonly<Record<Place, string>>>> = {
  IPv4: {
    pod: '10.77.0.2',
    peer: '10.77.0.1',
    peerElsewhere: '10.78.0.1',
    loopback: '127.0.0.1',
    passthrough: '127.0.0.6',
  },
  IPv6: {
    pod: 'fd77::2',
    peer: 'fd77::1',
    peerElsewhere: 'fd78::1',
    loopback: '::1',
    passthrough: '::6',
  },
};

export const APPLICATION: Owner = { uid: 1000, gid: 1000 };
export const PROXY: Owner = { uid: 1337, gid: 1337 };
/** A proxy that may take connections to others' addresses must be root; its group tells it apart. */
export const ROOT_PROXY: Owner = { uid: 0, gid: 1337 };
const ROOT: Owner = { uid: 0, gid: 0 };

/** The same mark as the rules': what Envoy puts on connections that keep their source address. */
const TPROXY_MARK = 1337;

const AGENT = join(import.meta.dirname, '../../../src/cli/agent.ts');

export class PodAndPeer implements AsyncDisposable {
  readonly pod: CaptureHost;
  readonly peer: CaptureHost;

  private constructor(pod: CaptureHost, peer: CaptureHost) {
    this.pod = pod;
    this.peer = peer;
  }

  /** Listeners are up when it resolves; no rules are set. */
  static async create(mode: 'REDIRECT' | 'TPROXY'): Promise<PodAndPeer> {
    const both = await PodAndPeer.silent();
    await both.#listen(mode);
    return both;
  }

  /** Connected, but nobody listens. */
  static async silent(): Promise<PodAndPeer> {
    const [pod, peer] = await Promise.all([CaptureHost.create(), CaptureHost.create()]);
    const both = new PodAndPeer(pod, peer);
    await both.#connect();
    return both;
  }

  /** Runs `istio-iptables` in the pod, where resolv.conf names the peer's first addresses. */
  async agent(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
    const words = [AGENT, 'istio-iptables', ...args];
    return this.pod.namespace.run(process.execPath, words, {
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
  }

  async #connect(): Promise<void> {
    const [pod, peer] = [this.pod.namespace, this.peer.namespace];
    await pod.shell(`ip link add eth0 type veth peer name eth0 netns ${peer.pid}`);
    await peer.shell([...interfaceUp('peer'), ...hostAddresses('peerElsewhere')].join('\n'));
    await pod.shell([...interfaceUp('pod'), ...routesElsewhere()].join('\n'));
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'resolv.conf');
    const servers = Object.values(ADDRESSES).map((addresses) => `nameserver ${addresses.peer}\n`);
    await writeFile(path, servers.join(''));
    await pod.shell(`mount --bind ${path} /etc/resolv.conf`); // stays readable when the name is gone
  }

  async #listen(mode: 'REDIRECT' | 'TPROXY'): Promise<void> {
    const tproxy = mode === 'TPROXY';
    await Promise.all([
      this.pod.listen(tproxy ? ROOT_PROXY : PROXY, [
        ...onAll('tcp', 15_001),
        ...onAll('tcp', 15_008),
        ...onAll('tcp', 15_006, tproxy ? { transparent: true, relayMark: TPROXY_MARK } : {}),
        ...onLoopback('tcp', 15_053),
        ...onLoopback('udp', 15_053),
      ]),
      this.pod.listen(APPLICATION, [...onAll('tcp', 8080), ...onAll('tcp', 15_021)]),
      this.peer.listen(ROOT, [
        ...[53, 9090, 9091].flatMap((port) => onAll('tcp', port)),
        ...[53, 9090].flatMap((port) => onEachPeerAddress('udp', port)),
      ]),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pod[Symbol.asyncDispose]();
    await this.peer[Symbol.asyncDispose]();
  }
}

function interfaceUp(place: 'pod' | 'peer'): readonly string[] {
  return [
    'ip link set lo up',
    `ip addr add ${ADDRESSES.IPv4[place]}/24 dev eth0`,
    `ip addr add ${ADDRESSES.IPv6[place]}/64 dev eth0 nodad`,
    'ip link set eth0 up',
  ];
}

function hostAddresses(place: Place): readonly string[] {
  return [
    `ip addr add ${ADDRESSES.IPv4[place]}/32 dev eth0`,
    `ip addr add ${ADDRESSES.IPv6[place]}/128 dev eth0 nodad`,
  ];
}

function routesElsewhere(): readonly string[] {
  return Object.values(ADDRESSES).map(
    ({ peer, peerElsewhere }) => `ip route add ${peerElsewhere} via ${peer}`,
  );
}

export function onAll(
  protocol: 'tcp' | 'udp',
  port: number,
  more: Partial<ListeningSocket> = {},
): readonly ListeningSocket[] {
  const socket = { protocol, port, ...more };
  return [
    { ...socket, address: '0.0.0.0' },
    { ...socket, address: '::' },
  ];
}

function onLoopback(protocol: 'tcp' | 'udp', port: number): readonly ListeningSocket[] {
  return Object.values(ADDRESSES).map(({ loopback }) => ({ protocol, address: loopback, port }));
}

/** One socket each, so that an answer leaves from the address that was asked. */
function onEachPeerAddress(protocol: 'tcp' | 'udp', port: number): readonly ListeningSocket[] {
  return Object.values(ADDRESSES).flatMap(({ peer, peerElsewhere }) =>
    [peer, peerElsewhere].map((address) => ({ protocol, address, port })),
  );
}
