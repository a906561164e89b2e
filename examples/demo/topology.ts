// Where the demo runs, as its other parts see it: three hosts, and how to run a program on one. Two makers stand
// behind it: namespaces.ts, and loopback.ts for those who are not root.

import type { Command } from '../../src/runtime/spawn.ts';

export const HOST_NAMES = ['control', 'client', 'server'] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** The ports of one workload. */
export interface Ports {
  readonly outbound: number;
  readonly inbound: number;
  readonly admin: number;
  readonly status: number;
  readonly health: number;
  readonly prometheus: number;
  readonly app: number;
}

/** Those of every pod. */
export const POD_PORTS: Ports = {
  outbound: 15001,
  inbound: 15006,
  admin: 15000,
  status: 15020,
  health: 15021,
  prometheus: 15090,
  app: 8080,
};

export interface Host {
  readonly name: HostName;
  readonly address: string;
  readonly ports: Ports;
}

/** A run of node. */
export interface Run {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** As the proxy's user. Default false. */
  readonly asProxy?: boolean;
}

export interface Topology {
  /** True: the kernel captures the traffic. False: everything is on loopback, with distinct ports. */
  readonly captured: boolean;
  /** A folder of this run alone, readable for all. */
  readonly directory: string;
  readonly hosts: Readonly<Record<HostName, Host>>;
  /** The control plane as the workloads write it, `host:port`. */
  readonly discoveryAddress: string;
  readonly discoveryPort: number;
  /** Where programs on a host find Envoy and this package. */
  readonly paths: { readonly envoy: string; readonly package: string };
  readonly command: (host: HostName, run: Run) => Command;
  /** Whom the proxy's files must belong to. */
  readonly proxyUser: { readonly uid: number; readonly gid: number };
  /** The words in front of a command to run it on a host by hand. */
  readonly prefix: (host: HostName) => string;
  /** Ends what still runs on the hosts and removes them and the folder. May be called twice. */
  remove(): Promise<void>;
}
