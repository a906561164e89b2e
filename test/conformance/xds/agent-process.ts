// `agent proxy` without Envoy as a process of its own, so that its memory is nobody else's.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePorts } from '../../../examples/demo/free-ports.ts';
import type { AgentSettings } from './agent-under-test.ts';

const AGENT = resolve(import.meta.dirname, '../../../src/cli/agent.ts');
const START_MS = 60_000;

export class AgentProcess implements AsyncDisposable {
  readonly socketPath: string;
  readonly #child: ChildProcess;

  /** Resolves when the socket is there. */
  static async start({ folder, discoveryAddress, env, proxyConfig }: AgentSettings): Promise<AgentProcess> {
    const [statusPort] = await freePorts(1);
    const child = spawn(process.execPath, [AGENT, 'proxy', 'sidecar'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        DISABLE_ENVOY: 'true',
        CLOUD_PLATFORM: 'none',
        INSTANCE_IP: '127.0.0.1',
        PROXY_CONFIG: JSON.stringify({ discoveryAddress, statusPort, ...proxyConfig }),
        ...env,
      },
      stdio: 'ignore',
    });
    const agent = new AgentProcess(child, join(folder, 'etc/istio/proxy/XDS'));
    await agent.#listening();
    return agent;
  }

  private constructor(child: ChildProcess, socketPath: string) {
    this.#child = child;
    this.socketPath = socketPath;
  }

  /** Forgets the peak so far; returns what is resident now, bytes. */
  async startMeasuring(): Promise<number> {
    await writeFile(`/proc/${this.#child.pid}/clear_refs`, '5');
    return this.#memory('VmRSS');
  }

  /** Most that was resident at once since then, bytes. */
  peak(): Promise<number> {
    return this.#memory('VmHWM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async #listening(): Promise<void> {
    const deadline = performance.now() + START_MS;
    while (!existsSync(this.socketPath)) {
      if (this.#child.exitCode !== null) throw new Error(`the agent ended with ${this.#child.exitCode}`);
      if (performance.now() > deadline) throw new Error('the agent does not listen');
      await sleep(20);
    }
  }

  async #memory(name: 'VmRSS' | 'VmHWM'): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
    return Number(kib) * 1024;
  }
}
