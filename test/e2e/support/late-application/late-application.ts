// The end of a pod whose application closes late: SIGTERM for the application and the agent, with the outbound traffic
// of the application going through the real Envoy all the time.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { freePorts } from '../../../../examples/demo/free-ports.ts';
import { loopbackServer } from '../../../support/http-server.ts';
import { ControlPlane } from '../control-plane.ts';
import { forwardingListener, staticCluster } from '../mesh-resources.ts';
import { Pod, type PodExit, type PodOptions } from '../pod.ts';
import type { ApplicationMessage, ApplicationOptions, CallReport } from './application.ts';

const READY_LIMIT_MS = 60_000;

/** How a pod is set up and told to end. */
export interface PodEnd extends Pick<PodOptions, 'env' | 'proxyConfig' | 'args' | 'program'> {
  /** POST /drain at first, and SIGTERM for the agent when the application has ended; else both have SIGTERM at once. */
  readonly nativeSidecar?: boolean;
}

export type Calls = Omit<ApplicationOptions, 'url'>;

export interface LateEnd {
  /** Undefined: there was no application. */
  readonly calls: CallReport | undefined;
  readonly exit: PodExit;
  /** Milliseconds from the agent's SIGTERM to its exit. */
  readonly agentTookMs: number;
}

/** @param folder empty; @param calls undefined: nobody calls */
export async function endLate(folder: string, end: PodEnd, calls: Calls | undefined): Promise<LateEnd> {
  await using backend = await loopbackServer((_request, response) => void response.end('hello'));
  const [port = 0] = await freePorts(1);
  const outbound = { ...forwardingListener('outbound', port, 'peer'), traffic_direction: 'OUTBOUND' };
  const resources = [outbound, staticCluster('peer', backend.port)];
  const config = { 'all.yaml': { resources } };
  await using control = await ControlPlane.start(join(folder, 'control'), { config });
  await using pod = await Pod.start(join(folder, 'pod'), { control, ...end });
  await pod.ready(READY_LIMIT_MS);
  if (calls === undefined) return { calls, ...(await agentEnd(pod, end.nativeSidecar)) };
  await using application = await Application.start({ ...calls, url: `http://127.0.0.1:${port}/` });
  if (end.nativeSidecar) {
    await drain(pod);
    return { calls: await application.stop(), ...(await agentEnd(pod)) };
  }
  const [report, agent] = await Promise.all([application.stop(), agentEnd(pod)]);
  return { calls: report, ...agent };
}

async function agentEnd(pod: Pod, drained = false): Promise<Omit<LateEnd, 'calls'>> {
  if (drained) await drain(pod);
  const startMs = performance.now();
  const exit = await pod.stop();
  return { exit, agentTookMs: performance.now() - startMs };
}

async function drain(pod: Pod): Promise<void> {
  const { status } = await fetch(pod.status('/drain'), { method: 'POST' });
  if (status !== 200) throw new Error(`POST /drain is answered with ${status}`);
}

class Application implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** @returns once it has been answered */
  static async start(options: ApplicationOptions): Promise<Application> {
    const process = fork(join(import.meta.dirname, 'application.ts'), [JSON.stringify(options)]);
    const application = new Application(process);
    await application.#message();
    return application;
  }

  /** SIGTERM, and what became of the requests it sent until it ended. */
  async stop(): Promise<CallReport> {
    this.#process.kill('SIGTERM');
    const report = await this.#message();
    if (report === 'calls') throw new Error('the application has not heard of its end');
    return report;
  }

  async #message(): Promise<ApplicationMessage> {
    const ended = once(this.#process, 'exit').then(() => {
      throw new Error('the application ended by itself');
    });
    const told = once(this.#process, 'message').then(([message]) => message as ApplicationMessage);
    return Promise.race([told, ended]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}
