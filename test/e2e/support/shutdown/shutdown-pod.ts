// A pod that is started to be ended: agent and Envoy at one place of a mesh, with times short enough for a test.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { INJECTED_ARGS, Pod, type PodExit } from '../pod.ts';
import { filesIn, remainsOf } from './remains.ts';
import type { Place, ShutdownMesh } from './shutdown-mesh.ts';

export interface ShutdownPodOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly proxyConfig?: object;
  /** Default: a sidecar. */
  readonly gateway?: boolean;
  /** The agent leads a process group of its own. */
  readonly detached?: boolean;
  /** Words before those of the agent; default: its sources. */
  readonly program?: readonly string[];
  /** Changes the container's files before the agent starts. */
  readonly prepare?: (root: string) => Promise<void>;
}

/** As upstream, which has neither hot restart nor another start of an Envoy that has ended. */
export const AS_UPSTREAM = { ENVOY_HOT_RESTART: 'false', ENVOY_RESTART_POLICY: 'never' };

/** Nobody waits for longer; the agent is killed then. */
const PATIENCE_MS = 60_000;

export class ShutdownPod implements AsyncDisposable {
  readonly pod: Pod;
  readonly place: Place;
  readonly #before: ReadonlySet<string>;

  private constructor(pod: Pod, place: Place, before: ReadonlySet<string>) {
    this.pod = pod;
    this.place = place;
    this.#before = before;
  }

  /** @param folder of the pod, a new one; does not wait for the pod to be ready */
  static async start(
    mesh: ShutdownMesh,
    place: Place,
    folder: string,
    options: ShutdownPodOptions = {},
  ): Promise<ShutdownPod> {
    let before = new Set<string>();
    const { env, proxyConfig, gateway = false, detached = false, program } = options;
    const pod = await Pod.start(folder, {
      control: mesh.control,
      serviceAccount: place.name,
      args: gateway ? INJECTED_ARGS.map((word) => (word === 'sidecar' ? 'router' : word)) : INJECTED_ARGS,
      env: {
        ECC_SIGNATURE_ALGORITHM: 'ECDSA', // made in no time
        ENVOY_RESTART_DEBOUNCE: '1h', // changed files cause no restart
        TMPDIR: join(folder, 'tmp'),
        ...mesh.podEnvironment,
        ...env,
      },
      ...(proxyConfig && { proxyConfig }),
      ...(program && { program }),
      detached,
      prepare: async (root) => {
        await mkdir(join(root, 'tmp'));
        await options.prepare?.(root);
        before = await filesIn(root);
      },
    });
    return new ShutdownPod(pod, place, before);
  }

  /** Waits until the listeners of the place are there as well. */
  async ready(): Promise<void> {
    await this.pod.ready(PATIENCE_MS);
    const url = `http://127.0.0.1:${this.place.outbound}/`;
    // a kept connection would be one that the end may wait for
    await this.pod.until(async () => (await fetch(url, { headers: { connection: 'close' } })).ok);
  }

  /** Undefined: the agent had to be killed. */
  async exited(): Promise<PodExit | undefined> {
    const exit = await Promise.race([this.pod.exited, sleep(PATIENCE_MS, undefined, { ref: false })]);
    if (exit === undefined) this.pod.signal('SIGKILL');
    await this.pod.exited;
    return exit;
  }

  /** To be asked when the agent has ended. */
  remains(): Promise<string[]> {
    return remainsOf(this.pod.root, this.#before);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.pod[Symbol.asyncDispose]();
  }
}
