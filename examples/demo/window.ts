// Requests from inside a host, through the small forward proxy of programs/window.ts.

import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

import type { Program } from './machine.ts';
import type { HostName, Topology } from './topology.ts';

export interface Answer {
  /** 502 when nothing could be reached; the body then says why. */
  readonly status: number;
  readonly body: string;
}

/** Longest time one answer may take. */
const TIMEOUT_MS = 5000;

export class Window {
  readonly program: Program;
  readonly #socket: string;

  private constructor(program: Program, socket: string) {
    this.program = program;
    this.#socket = socket;
  }

  static async open(topology: Topology, host: HostName): Promise<Window> {
    const { directory } = topology.layout;
    const socket = join(directory, `${host}.sock`);
    const args = [topology.demoProgram('window.ts'), socket];
    const window = new Window(await topology.start(host, `${host}-window`, { args, cwd: directory }), socket);
    while (!(await window.#isOpen())) await delay(10);
    return window;
  }

  get(url: string): Promise<Answer> {
    return this.#send('GET', url);
  }

  post(url: string): Promise<Answer> {
    return this.#send('POST', url);
  }

  /** A page that must be JSON and 200. */
  async json(url: string): Promise<unknown> {
    const { status, body } = await this.get(url);
    if (status !== 200) throw new Error(`${url} answered ${status}: ${body.trim()}`);
    return JSON.parse(body);
  }

  async #isOpen(): Promise<boolean> {
    if (this.program.exit !== undefined) throw new Error(`${this.program.name} could not be opened`);
    return this.get('http://127.0.0.1:9/').then(
      () => true,
      () => false,
    );
  }

  async #send(method: string, url: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = request(
      { socketPath: this.#socket, path: url, method, agent: false, timeout: TIMEOUT_MS },
      (answer) => {
        const status = answer.statusCode ?? 0;
        text(answer).then((body) => resolve({ status, body }), reject);
      },
    );
    sent.once('timeout', () => sent.destroy(new Error(`${url} did not answer`)));
    sent.once('error', reject);
    sent.setHeader('Host', new URL(url).host);
    sent.end();
    return promise;
  }
}
