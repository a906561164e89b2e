// Starts and asks the process inside the node's network namespace.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { Cluster } from '../contract.ts';
import type { FromNode, NetworkTrial, ToNode, TrialResult } from './node-messages.ts';
import { DNS_ADDRESS } from './node-network.ts';

const PROGRAM = join(import.meta.dirname, 'node-program.ts');

export class NodeProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #resolve: Cluster['resolve'];
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, (result: TrialResult) => void>();
  readonly #ready = Promise.withResolvers<void>();
  #trials = 0;

  private constructor(child: ChildProcess, resolve: Cluster['resolve']) {
    this.#child = child;
    this.#resolve = resolve;
    this.#exited = once(child, 'exit').then(
      () => this.#onExit(),
      () => this.#onExit(), // it could not be started
    );
    child.on('message', (message) => this.#onMessage(message as FromNode));
  }

  /** @param namespace path of the node's network namespace */
  static async start(namespace: string, resolve: Cluster['resolve']): Promise<NodeProcess> {
    const words = [`--net=${namespace}`, process.execPath, PROGRAM, DNS_ADDRESS];
    const child = spawn('nsenter', words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const node = new NodeProcess(child, resolve);
    await node.#ready.promise;
    return node;
  }

  /** Never rejects: a process that is gone is a failed trial. */
  async try(trial: NetworkTrial): Promise<TrialResult> {
    this.#trials += 1;
    const id = this.#trials;
    const { promise, resolve } = Promise.withResolvers<TrialResult>();
    this.#waiting.set(id, resolve);
    this.#tell({ id, trial });
    return promise.finally(() => this.#waiting.delete(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#exited;
  }

  #onMessage(message: FromNode): void {
    if ('ready' in message) this.#ready.resolve();
    else if ('result' in message) this.#waiting.get(message.id)?.(message.result);
    else this.#tell({ id: message.id, addresses: this.#resolve(message.name) });
  }

  #onExit(): void {
    this.#ready.reject(new Error("the kubelet's process in the node's network ended"));
    for (const done of this.#waiting.values()) done({ isSuccess: false, detail: 'the kubelet stops' });
  }

  #tell(message: ToNode): void {
    if (this.#child.connected) this.#child.send(message);
    else this.#onExit();
  }
}
