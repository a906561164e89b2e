import { deepEqual, equal, match } from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AgentFolder } from '../agent/support/running-agent.ts';
import { NetworkNamespace, namespaceObstacle } from '../iptables/network-namespace.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { InsideProgram } from './support/inside.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const RESOLVER = join(import.meta.dirname, 'fixtures/fake-resolver.ts');
const PROXY_USER = 1337;
const ADDRESSES = `
ip link set lo up
ip link set eth0 up
ip address add 10.77.0.HOST/24 dev eth0
`;

/** A pod whose resolver is another host, with the agent as its proxy user and all its DNS captured. */
class CapturedPod implements AsyncDisposable {
  readonly pod: NetworkNamespace;
  readonly #opened: AsyncDisposableStack;
  readonly #queries: string[];
  readonly #statusPort: number;

  private constructor(
    pod: NetworkNamespace,
    opened: AsyncDisposableStack,
    queries: string[],
    statusPort: number,
  ) {
    this.pod = pod;
    this.#statusPort = statusPort;
    this.#opened = opened;
    this.#queries = queries;
  }

  static async start(): Promise<CapturedPod> {
    await using opened = new AsyncDisposableStack();
    const pod = opened.use(await NetworkNamespace.create());
    const host = opened.use(await NetworkNamespace.create());
    const { path } = opened.use(await temporaryDirectory());
    await pod.shell(`ip link add eth0 type veth peer name eth0 netns ${host.pid}`);
    await pod.shell(ADDRESSES.replace('HOST', '2'));
    await host.shell(ADDRESSES.replace('HOST', '1'));
    const queries = await startResolver(host, opened);
    await capture(pod, path);
    const statusPort = await startAgent(pod, path, opened);
    return new CapturedPod(pod, opened.move(), queries, statusPort);
  }

  /** What reached the resolver, oldest first. */
  get queries(): readonly string[] {
    return this.#queries;
  }

  /** A value on the agent's page. */
  async metric(name: string): Promise<string | undefined> {
    const program = 'fetch(process.argv[1]).then((page) => page.text()).then(console.log)';
    const url = `http://127.0.0.1:${this.#statusPort}/stats/prometheus`;
    const { stdout } = await this.pod.run(process.execPath, ['-e', program, url]);
    return new RegExp(`^${name} (.*)$`, 'm').exec(stdout)?.[1];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

async function startResolver(host: NetworkNamespace, opened: AsyncDisposableStack): Promise<string[]> {
  const queries: string[] = [];
  const child: ChildProcessWithoutNullStreams = host.start(process.execPath, [RESOLVER, '10.77.0.1']);
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

async function capture(pod: NetworkNamespace, path: string): Promise<void> {
  await writeFile(join(path, 'resolv.conf'), 'nameserver 10.77.0.1\noptions timeout:5 attempts:1\n');
  await pod.shell(`mount --bind ${path}/resolv.conf /etc/resolv.conf`);
  const flags = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15020 --redirect-dns'.split(' ');
  const { code, stderr } = await pod.run(process.execPath, [AGENT, 'istio-iptables', ...flags]);
  equal(code, 0, stderr);
}

async function startAgent(
  pod: NetworkNamespace,
  path: string,
  opened: AsyncDisposableStack,
): Promise<number> {
  const folder = await AgentFolder.lay(path);
  for (const name of await readdir(path, { recursive: true }))
    await chown(join(path, name), PROXY_USER, PROXY_USER);
  await chown(path, PROXY_USER, PROXY_USER);
  await chmod(path, 0o755);
  const environment = folder.environment({
    ISTIO_META_DNS_CAPTURE: 'true',
    DNS_RESPOND_BEFORE_SYNC: 'true', // there is no control plane that could bring a table
    POD_NAMESPACE: 'shop',
  });
  const user = ['setpriv', `--reuid=${PROXY_USER}`, `--regid=${PROXY_USER}`, '--clear-groups'];
  const words = ['env', `--chdir=${path}`, ...user, process.execPath, AGENT, 'proxy', 'sidecar'];
  const env = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const agent = opened.use(new InsideProgram(pod, words, { env: Object.fromEntries(env) }));
  await agent.until(() => agent.output.includes('is live after'));
  return folder.statusPort;
}

const obstacle = namespaceObstacle();

describe('DNS of a captured pod', function () {
  this.timeout(120_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    DNS of a pod is not tested with real packets: ${obstacle}`);
    return;
  }

  it("goes through the agent to the resolver of resolv.conf, and the agent's own is not captured", async () => {
    await using captured = await CapturedPod.start();
    const { pod } = captured;

    const known = await pod.run('getent', ['ahostsv4', 'www.example.org']);
    const unknown = await pod.run('getent', ['ahostsv4', 'none.example.org']);
    const overTcp = await pod.run('env', ['RES_OPTIONS=use-vc', 'getent', 'ahostsv4', 'www.example.org']);

    match(known.stdout, /^192\.0\.2\.80 /);
    match(overTcp.stdout, /^192\.0\.2\.80 /);
    deepEqual([unknown.stdout, unknown.code], ['', 2]);
    deepEqual(captured.queries, [
      'udp www.example.org. A',
      'udp none.example.org. A',
      'tcp www.example.org. A',
    ]);
    equal(await captured.metric('istio_agent_dns_upstream_requests_total'), '3');
  });
});
