// The pod of the control plane.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { RunningPod } from '../kubelet/contract.ts';
import { type Kubelet, readPods } from '../kubelet/kubelet.ts';

const FILE = join(import.meta.dirname, 'control-plane.yaml');
const READY_MS = 60_000;

export class ControlPlane {
  readonly #kubelet: Kubelet;
  readonly #onAddress: (address: string) => void;
  #pod: RunningPod | undefined;

  /** @param onAddress is told where the control plane is, at each start */
  constructor(kubelet: Kubelet, onAddress: (address: string) => void) {
    this.#kubelet = kubelet;
    this.#onAddress = onAddress;
  }

  /** Undefined while it is stopped. */
  get pod(): RunningPod | undefined {
    return this.#pod;
  }

  /** Resolves when it takes connections. Each start makes a new pod, with the same keys and its own address. */
  async start(): Promise<void> {
    if (this.#pod !== undefined) throw new Error('the control plane runs already');
    const [spec] = readPods(await readFile(FILE, 'utf8'));
    if (spec === undefined) throw new Error(`${FILE} holds no pod`);
    this.#pod = await this.#kubelet.run(spec);
    this.#onAddress(this.#pod.ip);
    await this.#pod.untilReady(READY_MS);
  }

  async stop(): Promise<void> {
    const pod = this.#pod;
    this.#pod = undefined; // from now on its files are nobody's
    await pod?.delete();
  }

  /** What changed of its configuration gets to its files, and so to the proxies. */
  async refresh(): Promise<void> {
    await this.#pod?.refreshVolumes();
  }
}
