// A machine for examples/vm: a namespace with an /etc of its own, in which users can be made, and a folder that stands
// for the root directory, laid out by install.sh. Runs the start script, with the agent or with a program that records.
// Needs root.

import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { InsideProgram } from '../e2e/support/inside.ts';
import { AGENT, ENVOY } from '../e2e/support/pod-host.ts';
import type { Finished, NetworkNamespace } from '../iptables/network-namespace.ts';

export const EXAMPLE = resolve(import.meta.dirname, '../../examples/vm');
const SCRIPT = 'usr/local/bin/istio-start.sh';

/** Gives the machine an /etc of its own, with the names that it knew. Argument: an empty folder. */
const OWN_ETC = `
cp -a /etc/. "$1"
mount --rbind /etc/hosts "$1/hosts"
mount --rbind "$1" /etc
`;

/** One program that the script started instead of the agent. */
export interface Call {
  readonly user: string;
  readonly group: string;
  readonly words: string;
  readonly env: ReadonlyMap<string, string>;
}

/** Stands for pilot-agent, and for sudo: a file per call, in order. */
const RECORDER = `#!/bin/sh
call="$CALLS/$(ls "$CALLS" | wc -l)"
{ printf '%s\\0%s\\0%s\\0' "$(id -un)" "$(id -gn)" "$*"; env -0; } >"$call"
echo "told $*"
`;

export interface StartOptions {
  /** Content of sidecar.env and cluster.env; default: there is none. */
  readonly sidecarEnv?: string;
  readonly clusterEnv?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Programs in front of the script, such as `setpriv`. */
  readonly through?: readonly string[];
}

export class Machine {
  /** Stands for `/`. */
  readonly root: string;
  readonly place: NetworkNamespace;
  readonly #folder: string;

  private constructor(folder: string, place: NetworkNamespace) {
    this.#folder = folder;
    this.root = join(folder, 'root');
    this.place = place;
  }

  /**
   * Installs. The agent can be started where a PodHost has put its program.
   *
   * @param folder readable by every user; lives as long as the namespace
   */
  static async install(folder: string, place: NetworkNamespace): Promise<Machine> {
    const machine = new Machine(folder, place);
    for (const name of ['etc', 'dist', 'recorder']) await mkdir(join(folder, name));
    await machine.#own('sh', ['-ec', OWN_ETC, 'sh', join(folder, 'etc')]);
    await machine.#program('dist/agent', `#!/bin/sh\nexec ${AGENT.join(' ')} "$@"\n`);
    for (const name of ['pilot-agent', 'sudo']) await machine.#program(`recorder/${name}`, RECORDER);
    await machine.install();
    return machine;
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** install.sh, which may be run again, as root on a machine whose files are closed to others unless told. */
  install(): Promise<void> {
    const dist = join(this.#folder, 'dist');
    return this.#own('sh', [
      '-c',
      'umask 077; DIST=$1 exec "$2" "$3"',
      'sh',
      dist,
      `${EXAMPLE}/install.sh`,
      this.root,
    ]);
  }

  async #own(file: string, args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.place.run(file, args);
    if (code !== 0) throw new Error(`${file} failed: ${stderr}`);
  }

  /** Runs istio-start.sh to its end, with a program that records instead of the agent. */
  async recorded(
    words: readonly string[],
    options: StartOptions = {},
  ): Promise<Finished & { readonly calls: readonly Call[] }> {
    const calls = join(this.#folder, 'calls');
    await rm(calls, { recursive: true, force: true });
    await mkdir(calls);
    await chmod(calls, 0o777);
    await this.#configure(options);
    const env = { CALLS: calls, ISTIO_BIN_BASE: join(this.#folder, 'recorder'), ...options.env };
    const finished = await this.shell(words, { ...options, env });
    return { ...finished, calls: await readCalls(calls) };
  }

  /** Runs istio-start.sh in the root directory to its end. */
  shell(words: readonly string[], { env = {}, through = [] }: StartOptions = {}): Promise<Finished> {
    const args = [`--chdir=${this.root}`, ...through, this.path(SCRIPT), ...words];
    return this.place.run('env', args, { env: { PATH: this.searchPath(), ...env } });
  }

  /** The PATH with a program of the name `sudo` that records. */
  searchPath(): string {
    return `${join(this.#folder, 'recorder')}:${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  }

  /** A PATH of what the script and the recorders cannot do without, and these of the programs that record. */
  async programs(recorders: readonly string[]): Promise<string> {
    const folder = join(this.#folder, 'programs');
    await this.place.shell(`
      rm -rf ${folder}
      mkdir ${folder}
      for name in nsenter env id cut hostname ls wc; do ln -s "$(command -v $name)" ${folder}; done
      for name in ${recorders.join(' ')}; do ln -s ${join(this.#folder, 'recorder')}/$name ${folder}; done`);
    return folder;
  }

  /** Starts istio-start.sh with the real agent; the caller ends it. */
  async start(options: StartOptions): Promise<InsideProgram> {
    await this.#configure(options);
    const words = ['env', `--chdir=${this.root}`, this.path(SCRIPT)];
    const env = { PATH: this.searchPath(), ISTIO_BIN_BASE: this.path('usr/local/bin'), ENVOY_PATH: ENVOY };
    return new InsideProgram(this.place, words, { env });
  }

  /** Writes the files of variables; those of earlier starts, and their logs, are gone. */
  async #configure({ sidecarEnv, clusterEnv }: StartOptions): Promise<void> {
    for (const name of ['istio.log', 'istio.err.log'])
      await rm(this.path(`var/log/istio/${name}`), { force: true });
    const files = { 'sidecar.env': sidecarEnv, 'cluster.env': clusterEnv };
    for (const [name, content] of Object.entries(files)) {
      const path = this.path(`var/lib/istio/envoy/${name}`);
      await (content === undefined ? rm(path, { force: true }) : writeFile(path, content));
    }
  }

  async #program(name: string, text: string): Promise<void> {
    const path = join(this.#folder, name);
    await writeFile(path, text);
    await chmod(path, 0o755);
  }
}

async function readCalls(folder: string): Promise<readonly Call[]> {
  const names = (await readdir(folder)).toSorted((one, other) => Number(one) - Number(other));
  return Promise.all(names.map(async (name) => call(await readFile(join(folder, name), 'utf8'))));
}

function call(text: string): Call {
  const [user = '', group = '', words = '', ...pairs] = text.split('\0');
  const env = new Map(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return { user, group, words, env };
}
