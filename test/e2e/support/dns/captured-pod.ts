// A pod whose resolver is another host, with all its DNS captured by the real rules: what does not run as the proxy's
// user is answered by whatever the proxy's user runs there on port 15053.

import { equal } from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, chown, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NetworkNamespace } from '../../../iptables/network-namespace.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { InsideProgram } from '../inside.ts';

export const AGENT = join(import.meta.dirname, '../../../../src/cli/agent.ts');
export const POD_IP = '10.77.0.2';
const RESOLVER = join(import.meta.dirname, '../../fixtures/fake-resolver.ts');
const HOST_IP = '10.77.0.1';
const PROXY_USER = 1337;

export class CapturedPod implements AsyncDisposable {
  readonly pod: NetworkNamespace;
  readonly host: NetworkNamespace;
  /** A folder that the proxy's user may read. */
  readonly path: string;
  readonly #opened: AsyncDisposableStack;
  readonly #queries: string[];

  private constructor(
    places: { readonly pod: NetworkNamespace; readonly host: NetworkNamespace; readonly path: string },
    queries: string[],
    opened: AsyncDisposableStack,
  ) {
    this.pod = places.pod;
    this.host = places.host;
    this.path = places.path;
    this.#queries = queries;
    this.#opened = opened;
  }

  /** @param resolvConf lines beside that of the name server */
  static async start(resolvConf: string): Promise<CapturedPod> {
    await using opened = new AsyncDisposableStack();
    const pod = opened.use(await NetworkNamespace.create());
    const host = opened.use(await NetworkNamespace.create());
    const { path } = opened.use(await temporaryDirectory());
    await pod.shell(`ip link add eth0 type veth peer name eth0 netns ${host.pid}`);
    await pod.shell(upWith(POD_IP));
    await host.shell(upWith(HOST_IP));
    const queries = await startResolver(host, opened);
    await writeFile(join(path, 'resolv.conf'), `nameserver ${HOST_IP}\n${resolvConf}\n`);
    await pod.shell(`mount --bind ${path}/resolv.conf /etc/resolv.conf`);
    await capture(pod);
    return new CapturedPod({ pod, host, path }, queries, opened.move());
  }

  /** What reached the resolver, oldest first. */
  get queries(): string[] {
    return this.#queries;
  }

  /** Starts a program as the proxy, in the pod's folder, which it owns then. */
  async startProxy(
    words: readonly string[],
    environment: Readonly<Record<string, string | undefined>> = {},
  ): Promise<InsideProgram> {
    const { path } = this;
    for (const name of ['', ...(await readdir(path, { recursive: true }))])
      await chown(join(path, name), PROXY_USER, PROXY_USER);
    await chmod(path, 0o755);
    const user = ['setpriv', `--reuid=${PROXY_USER}`, `--regid=${PROXY_USER}`, '--clear-groups'];
    const env = Object.entries({ PATH: process.env['PATH'], ...environment }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return new InsideProgram(this.pod, ['env', `--chdir=${path}`, ...user, process.execPath, ...words], {
      env: Object.fromEntries(env),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

function upWith(address: string): string {
  return `ip link set lo up\nip link set eth0 up\nip address add ${address}/24 dev eth0\n`;
}

async function startResolver(host: NetworkNamespace, opened: AsyncDisposableStack): Promise<string[]> {
  const queries: string[] = [];
  const child = host.start(process.execPath, [RESOLVER, HOST_IP]);
  opened.defer(async () => {
    const ended = once(child, 'exit');
    child.stdin.end();
    await ended;
  });
  await once(child.stdout, 'data');
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    queries.push(...text.trim().split('\n'));
  });
  return queries;
}

async function capture(pod: NetworkNamespace): Promise<void> {
  const flags = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b  -d  --redirect-dns'.split(' '); // nothing inbound
  const { code, stderr } = await pod.run(process.execPath, [AGENT, 'istio-iptables', ...flags]);
  equal(code, 0, stderr);
}
