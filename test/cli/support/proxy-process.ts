// `agent proxy` as a real process in a folder of its own, with the fake Envoy. It logs to a file. It outlives neither the
// scope of its test nor, when that never ends, a time limit, nor the process of the tests; nor does Envoy outlive it.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { AgentFolder } from '../../agent/support/running-agent.ts';

const AGENT = join(import.meta.dirname, '../../../src/cli/agent.ts');
const END_WITH_TEST = join(import.meta.dirname, '../fixtures/end-with-test.ts');
const LOG_WAIT_MS = 30_000;
const LIFE_LIMIT_MS = 60_000;
const END_LIMIT_MS = 10_000;

export interface ProxyRun {
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly proxyConfig?: object;
  /** The words before those of Node. */
  readonly launcher?: readonly string[];
  readonly preload?: string;
  /** In a process group of its own. */
  readonly detached?: boolean;
}

export class ProxyProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exit: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
  readonly #logPath: string;

  constructor(folder: AgentFolder, run: ProxyRun = {}) {
    const { words = [], env, proxyConfig, launcher = [], preload, detached } = run;
    this.#logPath = join(folder.path, 'log');
    const preloads = [END_WITH_TEST, ...(preload === undefined ? [] : [preload])];
    const node = [process.execPath, ...preloads.flatMap((path) => ['--import', path])];
    const argv = [AGENT, 'proxy', 'sidecar', ...words, `--log_target=${this.#logPath}`];
    const [file = '', ...args] = [...launcher, ...node, ...argv];
    this.child = spawn(file, args, {
      cwd: folder.path,
      env: folder.environment(env, proxyConfig),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: detached ?? false,
      timeout: LIFE_LIMIT_MS, // when a test times out, its scope goes on waiting
      killSignal: 'SIGKILL',
    });
    this.exit = once(this.child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  }

  /** Resolves when Envoy serves. */
  static async live(folder: AgentFolder, run: ProxyRun = {}): Promise<ProxyProcess> {
    await using starting = new AsyncDisposableStack();
    const proxy = starting.use(new ProxyProcess(folder, run));
    await proxy.logged(/is live after/);
    starting.move();
    return proxy;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  log(): Promise<string> {
    return readFile(this.#logPath, 'utf8').catch(() => ''); // not there yet
  }

  /** Waits for a line in the log, and gives what the first group of the expression holds. */
  async logged(text: RegExp): Promise<string> {
    const deadline = performance.now() + LOG_WAIT_MS;
    for (;;) {
      const all = await this.log();
      const found = text.exec(all);
      if (found) return found[1] ?? '';
      if (performance.now() > deadline) throw new Error(`not logged: ${text}\n${all}`);
      await sleep(5);
    }
  }

  async envoyPid(): Promise<number> {
    return Number(await this.logged(/Envoy epoch 0 \(generation 0\) started: start\tpid=(\d+)/));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of ['SIGTERM', 'SIGINT'] as const) this.child.kill(name); // both: without waiting
    const killer = setTimeout(() => this.child.kill('SIGKILL'), END_LIMIT_MS);
    await this.exit;
    clearTimeout(killer);
  }
}
