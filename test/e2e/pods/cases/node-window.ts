// Requests from a network namespace, such as the node's: from where the kubelet, Prometheus and callers without a
// sidecar see a pod.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

export interface NodeAnswer {
  /** 502 when nobody answered; the body then says why. */
  readonly status: number;
  readonly body: string;
}

/** How long a whole answer may take. */
const TIMEOUT_MS = 5000;

const PROXY = join(import.meta.dirname, '../../../../examples/demo/programs/window.ts');

export class NodeWindow implements AsyncDisposable {
  readonly #proxy: ChildProcess;
  readonly #folder: string;

  private constructor(proxy: ChildProcess, folder: string) {
    this.#proxy = proxy;
    this.#folder = folder;
  }

  /** @param namespace path of the network namespace */
  static async open(namespace: string): Promise<NodeWindow> {
    const folder = await mkdtemp(join(tmpdir(), 'window-'));
    const words = [`--net=${namespace}`, process.execPath, PROXY, join(folder, 'socket')];
    const proxy = spawn('nsenter', words, { stdio: ['ignore', 'ignore', 'inherit'] });
    const window = new NodeWindow(proxy, folder);
    while (!(await window.#isOpen())) {
      if (proxy.exitCode !== null) throw new Error(`no requests can be sent from ${namespace}`);
      await delay(10);
    }
    return window;
  }

  /** @param host the header of that name; default: that of the URL */
  get(url: string, host = new URL(url).host): Promise<NodeAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<NodeAnswer>();
    const options = {
      socketPath: join(this.#folder, 'socket'),
      path: url,
      headers: { host, accept: '*/*' },
      agent: false,
    };
    const sent = request({ ...options, signal: AbortSignal.timeout(TIMEOUT_MS) }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
    });
    sent.once('error', reject);
    sent.end();
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#proxy.exitCode === null) {
      const ended = once(this.#proxy, 'exit');
      this.#proxy.kill();
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #isOpen(): Promise<boolean> {
    return this.get('http://127.0.0.1:9/').then(
      () => true,
      () => false, // its socket is not there yet
    );
  }
}
