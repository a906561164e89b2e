// Runs an injected pod as a kubelet would: in a network of its own, with its volumes, users and capabilities, and its
// arguments, environment and ports unchanged. Needs root.

import { join } from 'node:path';

import type { Finished } from '../../iptables/network-namespace.ts';
import { InsideProgram, type ProgramExit } from './inside.ts';
import { AGENT, ENVOY, HOST_IP, POD_IP, PodHost } from './pod-host.ts';
import { type Container, type PodSpec, readPodSpec } from './pod-spec.ts';
import { mountVolumes } from './pod-volumes.ts';

export interface Layout {
  /** The pod's YAML. */
  readonly file: string;
  /** Its workload's name, and its service account's. */
  readonly name: string;
}

export class InjectedPod implements AsyncDisposable {
  readonly spec: PodSpec;
  readonly #host: PodHost;
  /** The container's root on this machine. */
  readonly #root: string;
  #proxy: InsideProgram | undefined;

  private constructor(spec: PodSpec, host: PodHost, root: string) {
    this.spec = spec;
    this.#host = host;
    this.#root = root;
  }

  /**
   * Starts the host and lays out the pod; none of its containers runs yet.
   *
   * @param folder empty, and readable by every user
   */
  static async create(folder: string, envoy: string, { file, name }: Layout): Promise<InjectedPod> {
    await using opened = new AsyncDisposableStack();
    const spec = await readPodSpec(file, {
      name: `${name}-1`,
      namespace: 'default',
      serviceAccount: name,
      nodeName: 'node-1',
      podIp: POD_IP,
      hostIp: HOST_IP,
    });
    const host = opened.use(await PodHost.start(folder, envoy));
    const root = join(folder, 'root');
    const { rootCertificate } = host;
    await mountVolumes(root, spec, { token: await host.token('default', name), rootCertificate });
    opened.move();
    return new InjectedPod(spec, host, root);
  }

  /** Runs the init container to its end. */
  init(): Promise<Finished> {
    const { init } = this.spec;
    if (init === undefined) throw new Error('the pod has no init container');
    return this.#run(init, ['agent', ...init.args]);
  }

  /** Starts the proxy's container; does not wait for it to be ready. */
  start(): InsideProgram {
    const { proxy } = this.spec;
    const words = this.#words(proxy, ['agent', ...proxy.args]);
    this.#proxy = new InsideProgram(this.#host.pod, words, { env: environment(proxy) });
    return this.#proxy;
  }

  /** Runs words such as `pilot-agent request …` in the proxy's container, as a hook or `kubectl exec` does. */
  exec(command: readonly string[]): Promise<Finished> {
    return this.#run(this.spec.proxy, command);
  }

  /** The kubelet's readiness probe: the status that comes back to the host, NaN without an answer. */
  probe(): Promise<number> {
    const { port, path } = this.spec.proxy.readiness;
    return this.#host.status(port, path);
  }

  /** Whom somebody on the host meets at a port of the application. */
  identityAt(port: number): Promise<string> {
    return this.#host.identityAt(port);
  }

  /** Names of the chains in the pod's nat table. */
  async natChains(): Promise<string[]> {
    const { stdout } = await this.#host.pod.run('iptables-nft-save', ['-t', 'nat']);
    return Array.from(stdout.matchAll(/^:(\w+)/gm), ([, name = '']) => name);
  }

  /** SIGTERM to the proxy's container, and the exit that follows. */
  async stop(): Promise<ProgramExit> {
    if (this.#proxy === undefined) throw new Error('the proxy was not started');
    this.#proxy.signal('SIGTERM');
    return this.#proxy.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy?.[Symbol.asyncDispose]();
    await this.#host[Symbol.asyncDispose]();
  }

  #run(container: Container, command: readonly string[]): Promise<Finished> {
    const [file = '', ...args] = this.#words(container, command);
    return this.#host.pod.run(file, args, { env: environment(container) });
  }

  /** As the container's user, with its capabilities alone; the name `agent` or `pilot-agent` stands for ours. */
  #words({ user, group, capabilities }: Container, [name = '', ...words]: readonly string[]): string[] {
    if (!['agent', 'pilot-agent'].includes(name)) throw new Error(`the image has no program ${name}`);
    const bounding = ['-all', ...capabilities.map((each) => `+${each}`)].join(',');
    const ids = [`--reuid=${user}`, `--regid=${group}`, '--clear-groups', '--no-new-privs'];
    const limits = [...ids, `--bounding-set=${bounding}`, '--inh-caps=-all'];
    return ['env', `--chdir=${this.#root}`, 'setpriv', ...limits, ...AGENT, ...words];
  }
}

/** What the YAML says, and what holds here: where Envoy is, and that no cloud answers, for which it would wait 5 s. */
function environment({ env }: Container): Record<string, string> {
  return { PATH: process.env.PATH ?? '', ENVOY_PATH: ENVOY, CLOUD_PLATFORM: 'none', ...env };
}
