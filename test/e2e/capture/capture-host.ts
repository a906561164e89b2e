// One host of a capture test: a network namespace in which processes of any user listen and call.

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { NetworkNamespace } from '../../iptables/network-namespace.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface ListeningSocket {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Takes connections to addresses of others, as TPROXY delivers them. */
  readonly transparent?: boolean;
  /** Hands connections on to their destination, in the name of the caller and with this mark. */
  readonly relayMark?: number;
}

export interface Call {
  readonly owner: Owner;
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly source?: string;
  readonly sourcePort?: number;
}

/** What a caller was told by whoever answered. */
export interface Arrival {
  /** The port that the answering socket is bound to. */
  readonly listener: number;
  /** The caller's address as the answering side sees it. */
  readonly source: string;
  /** The address called, as the answering side sees it. */
  readonly destination: string;
  readonly destinationPort: number;
  /** The port of a relay in between. */
  readonly through?: number;
}

export type Outcome = Arrival | { readonly error: string };

interface Reply {
  readonly id: number;
  readonly result: Outcome;
}

const PROGRAM = join(import.meta.dirname, 'host.py');

export class CaptureHost implements AsyncDisposable {
  readonly namespace: NetworkNamespace;
  readonly #processes: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (result: Outcome) => void>();
  #nextId = 0;

  private constructor(namespace: NetworkNamespace) {
    this.namespace = namespace;
    this.#processes = namespace.start('/usr/bin/env', ['python3', PROGRAM]);
    this.#processes.stderr.pipe(process.stderr);
    createInterface(this.#processes.stdout).on('line', (line) => {
      const { id, result } = JSON.parse(line) as Reply;
      this.#waiting.get(id)?.(result);
    });
  }

  static async create(): Promise<CaptureHost> {
    return new CaptureHost(await NetworkNamespace.create());
  }

  /** Resolves when every socket listens. */
  async listen({ uid, gid }: Owner, sockets: readonly ListeningSocket[]): Promise<void> {
    const result = await this.#command({ do: 'listen', uid, gid, sockets });
    if ('error' in result) throw new Error(`cannot listen: ${result.error}`);
  }

  /** Waits at most three seconds for an answer. */
  async call({ owner, ...call }: Call): Promise<Outcome> {
    return this.#command({ do: 'call', ...owner, ...call });
  }

  #command(command: object): Promise<Outcome> {
    const id = this.#nextId++;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#waiting.set(id, resolve);
    this.#processes.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    return promise.finally(() => this.#waiting.delete(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#processes, 'exit');
    this.#processes.stdin.end();
    await ended;
    await this.namespace[Symbol.asyncDispose]();
  }
}
