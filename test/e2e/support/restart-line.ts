// Envoys started by hand, one epoch after another, with nobody to look after them: for what Envoy itself does.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchEnvoy } from '../../../examples/demo/fetch-envoy.ts';
import { freePorts } from '../../../examples/demo/free-ports.ts';
import { AdminClient, freshConnections, type ServerInfo } from '../../../src/envoy/admin/admin-client.ts';
import { sharedMemory } from '../../../src/envoy/memory/shared-memory.ts';
import type { Exit } from '../../../src/runtime/spawn.ts';
import { supervisedBootstrap, type Change } from './supervised-bootstrap.ts';
import { eventually } from './supervised-envoy.ts';

export class RestartLine implements AsyncDisposable {
  readonly baseId: number;
  readonly url: string;
  readonly #folder: string;
  readonly #ports: { readonly admin: number; readonly traffic: number };
  readonly #started: { readonly child: ChildProcess; readonly exited: Promise<Exit> }[] = [];

  private constructor(folder: string, baseId: number, admin: number, traffic: number) {
    this.#folder = folder;
    this.baseId = baseId;
    this.#ports = { admin, traffic };
    this.url = `http://127.0.0.1:${traffic}/`;
  }

  /** @param folder for the bootstraps */
  static async prepare(folder: string): Promise<RestartLine> {
    const [admin = 0, traffic = 0] = await freePorts(2);
    return new RestartLine(folder, await sharedMemory().freeBaseId(Math.random), admin, traffic);
  }

  /** Starts the next epoch; does not wait for it. */
  async start(change: Change = (bootstrap) => bootstrap): Promise<void> {
    const epoch = this.#started.length;
    const path = join(this.#folder, `epoch-${epoch}.json`);
    const ports = { ...this.#ports, forward: 0, tcp: 0 };
    await writeFile(path, JSON.stringify(change(supervisedBootstrap(ports, undefined))));
    const flags = {
      '-c': path,
      '--restart-epoch': epoch,
      '--base-id': this.baseId,
      '--concurrency': 2,
      '--drain-time-s': 1,
      '--parent-shutdown-time-s': 2,
      '-l': 'warning',
    };
    const child = spawn(await fetchEnvoy(), Object.entries(flags).flat().map(String), { stdio: 'ignore' });
    const exited = once(child, 'exit').then(([code, signal]): Exit => ({ code, signal }));
    this.#started.push({ child, exited });
  }

  /** Waits until this epoch owns the admin port, in this state. */
  async reached(epoch: number, state: ServerInfo['state']): Promise<void> {
    const admin = new AdminClient(freshConnections({ host: '127.0.0.1', port: this.#ports.admin }));
    await eventually(async () => {
      const info = await admin.serverInfo().catch(() => undefined); // between two owners
      return info?.restartEpoch === epoch && info.state === state;
    });
  }

  signal(epoch: number, name: NodeJS.Signals): void {
    this.#started[epoch]?.child.kill(name);
  }

  /** @throws Error when no such epoch was started */
  exited(epoch: number): Promise<Exit> {
    const started = this.#started[epoch];
    if (started === undefined) throw new Error(`epoch ${epoch} was not started`);
    return started.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#started) child.kill('SIGKILL');
    await Promise.all(this.#started.map(({ exited }) => exited));
    await rm(`/dev/shm/envoy_shared_memory_${this.baseId * 10}`, { force: true });
  }
}
