// Where the demo runs, as its other parts see it: three hosts, and how to run a program on one. Two makers lay
// them out: namespaces.ts, and loopback.ts for those who are not root.

import { join } from 'node:path';

import type { Command } from '../../src/runtime/spawn.ts';
import { Program, run } from './machine.ts';

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

/** What namespaces.ts and loopback.ts make. */
export interface Layout {
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
  /** Kills what runs on the hosts and removes them and the folder. */
  readonly remove: () => Promise<void>;
}

/** How long a program may take to end before it is killed, milliseconds. */
const PATIENCE_MS = 8000;

/** The hosts with the programs that were started on them. */
export class Topology implements AsyncDisposable {
  readonly layout: Layout;
  readonly #programs: Program[] = [];

  constructor(layout: Layout) {
    this.layout = layout;
  }

  /** Starts a program on a host; its output goes to `<name>.log` in the folder it runs in. */
  async start(host: HostName, name: string, what: Run): Promise<Program> {
    const log = join(what.cwd, `${name}.log`);
    const program = await Program.start(`${host} ${name}`, this.layout.command(host, what), log);
    this.#programs.push(program);
    return program;
  }

  /** Runs a command on a host to its end. @returns what it wrote */
  run(host: HostName, what: Run): Promise<string> {
    const { file, args, ...options } = this.layout.command(host, what);
    return run(file, args, options);
  }

  /** The path of a program of examples/demo/programs, as the hosts see it. */
  demoProgram(file: string): string {
    return join(this.layout.paths.package, 'examples/demo/programs', file);
  }

  /** The words that run the agent. */
  agent(...args: string[]): readonly string[] {
    return [join(this.layout.paths.package, 'src/cli/agent.ts'), ...args];
  }

  /** Ends every program, newest first to be asked, and removes the hosts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.toReversed().map((program) => program.stop(PATIENCE_MS)));
    await this.layout.remove();
  }
}
