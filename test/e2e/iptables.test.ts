import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { normalSave } from '../conformance/kernel/save-text.ts';
import { type Finished, NetworkNamespace, namespaceObstacle } from '../iptables/network-namespace.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const GREETERS = join(import.meta.dirname, 'fixtures/port-greeters.ts');
const INJECTED = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020'.split(' ');
const DUAL_STACK = [...INJECTED, '--dual-stack'];

/** A pod and a peer, each in its own namespace, joined by one cable. */
class TwoHosts implements AsyncDisposable {
  readonly pod: NetworkNamespace;
  readonly peer: NetworkNamespace;
  readonly #greeters: ChildProcessWithoutNullStreams[] = [];

  private constructor(pod: NetworkNamespace, peer: NetworkNamespace) {
    this.pod = pod;
    this.peer = peer;
  }

  static async create(): Promise<TwoHosts> {
    const [pod, peer] = await Promise.all([NetworkNamespace.create(), NetworkNamespace.create()]);
    const hosts = new TwoHosts(pod, peer);
    await pod.shell(`ip link add eth0 type veth peer name eth0 netns ${peer.pid}`);
    await Promise.all([pod.shell(address(2)), peer.shell(address(1))]);
    return hosts;
  }

  /** Listeners on these ports that say where a caller arrived. */
  async greet(where: NetworkNamespace, ports: readonly number[]): Promise<void> {
    const greeters = where.start(process.execPath, [GREETERS, ...ports.map(String)]);
    this.#greeters.push(greeters);
    await once(greeters.stdout, 'data');
  }

  agent(args: readonly string[], prefix: readonly string[] = []): Promise<Finished> {
    const [file = '', ...words] = [...prefix, process.execPath, AGENT, 'istio-iptables', ...args];
    return this.pod.run(file, words);
  }

  async saved(): Promise<{ readonly v4: string; readonly v6: string }> {
    const save = async (tool: string): Promise<string> => normalSave((await this.pod.run(tool, [])).stdout);
    return { v4: await save('iptables-nft-save'), v6: await save('ip6tables-nft-save') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#greeters.map((child) => once(child, 'exit'));
    this.#greeters.forEach((child) => child.stdin.end());
    await Promise.all(ended);
    await this.pod[Symbol.asyncDispose]();
    await this.peer[Symbol.asyncDispose]();
  }
}

function address(host: number): string {
  return [
    'ip link set lo up',
    `ip addr add 10.77.0.${host}/24 dev eth0`,
    `ip addr add fd77::${host}/64 dev eth0 nodad`,
    'ip link set eth0 up',
  ].join('\n');
}

/** What a caller hears at `target` port `port`; as the proxy when `uid` is its. */
async function call(from: NetworkNamespace, target: string, port: number, uid = 0): Promise<string> {
  const script = `exec 3<>/dev/tcp/${target}/${port} && cat <&3`;
  const user = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
  const { stdout } = await from.run('setpriv', [...user, 'timeout', '5', 'bash', '-c', script]);
  return stdout.trim();
}

async function golden(family: 'ipv4' | 'ipv6'): Promise<string> {
  return (await readFile(join(import.meta.dirname, `golden/pod-${family}.save`), 'utf8')).trimEnd();
}

const PROXY_UID = 1337;
const obstacle = namespaceObstacle();

describe('agent istio-iptables in a network namespace', function () {
  this.timeout(60_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    traffic capture is not tested with real packets: ${obstacle}`);
    return;
  }

  it('sets exactly the chains of an injected pod, by one restore per family', async () => {
    await using hosts = await TwoHosts.create();

    const { code, stdout } = await hosts.agent(DUAL_STACK);

    assert.equal(code, 0, stdout);
    assert.equal(stdout.match(/Running iptables restore with/g)?.length, 2);
    assert.deepEqual(await hosts.saved(), { v4: await golden('ipv4'), v6: await golden('ipv6') });
  });

  it('sets IPv4 alone where IPv6 is not wanted', async () => {
    await using hosts = await TwoHosts.create();

    await hosts.agent(INJECTED);

    assert.deepEqual(await hosts.saved(), { v4: await golden('ipv4'), v6: '' });
  });

  it('does nothing when it runs again, with no variant forced', async () => {
    await using hosts = await TwoHosts.create();
    await hosts.agent(DUAL_STACK);
    const before = await hosts.saved();

    const { code, stdout } = await hosts.agent(DUAL_STACK);

    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /Running iptables restore/);
    assert.deepEqual(await hosts.saved(), before);
    assert.equal(normalSave((await hosts.pod.run('iptables-legacy-save', [])).stdout), '');
  });

  for (const { family, pod, peer } of [
    { family: 'IPv4', pod: '10.77.0.2', peer: '10.77.0.1' },
    { family: 'IPv6', pod: 'fd77::2', peer: 'fd77::1' },
  ]) {
    it(`brings ${family} connections to the proxy, except what is excluded`, async () => {
      await using hosts = await TwoHosts.create();
      await hosts.greet(hosts.pod, [8080, 15_001, 15_006, 15_021]);
      await hosts.greet(hosts.peer, [9090]);
      assert.equal(await call(hosts.peer, pod, 8080), 'arrived at 8080');

      await hosts.agent(DUAL_STACK);

      assert.equal(await call(hosts.peer, pod, 8080), 'arrived at 15006');
      assert.equal(await call(hosts.peer, pod, 15_021), 'arrived at 15021');
      assert.equal(await call(hosts.pod, peer, 9090), 'arrived at 15001');
      assert.equal(await call(hosts.pod, peer, 9090, PROXY_UID), 'arrived at 9090');
    });
  }

  it('restores the state and the traffic of before at clean-up, rules of others included', async () => {
    await using hosts = await TwoHosts.create();
    await hosts.greet(hosts.pod, [8080, 15_006]);
    await hosts.pod.shell('iptables-nft -t nat -A OUTPUT -p udp --dport 9 -j RETURN');
    const before = await hosts.saved();
    await hosts.agent(DUAL_STACK);
    assert.equal(await call(hosts.peer, '10.77.0.2', 8080), 'arrived at 15006');

    const { code, stdout } = await hosts.agent([...DUAL_STACK, '--cleanup-only']);

    assert.equal(code, 0, stdout);
    assert.deepEqual(await hosts.saved(), before);
    assert.equal(await call(hosts.peer, '10.77.0.2', 8080), 'arrived at 8080');
    assert.doesNotMatch(await hosts.pod.shell('ip -6 addr show dev lo'), /::6\/128/);
  });

  it('touches nothing in a dry run', async () => {
    await using hosts = await TwoHosts.create();

    const { code, stdout } = await hosts.agent([...INJECTED, '--dry-run']);

    assert.equal(code, 0);
    assert.match(stdout, /^-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006$/m);
    assert.equal((await hosts.pod.run('iptables-nft-save', [])).stdout, '');
  });

  it('ends with 1 and one line of cause and remedy without NET_ADMIN', async () => {
    await using hosts = await TwoHosts.create();

    const { code, stderr } = await hosts.agent(INJECTED, [
      'setpriv',
      '--bounding-set=-all',
      '--inh-caps=-all',
    ]);

    assert.equal(code, 1);
    assert.match(
      stderr,
      /^Error: \[IPT-NO-NET-ADMIN\] [^\n]*run as root with the capabilities NET_ADMIN and NET_RAW[^\n]*\n$/,
    );
  });

  it('ends with 1 and one line of cause and remedy without iptables', async () => {
    await using hosts = await TwoHosts.create();

    const { code, stderr } = await hosts.agent(INJECTED, ['env', 'PATH=/nowhere']);

    assert.equal(code, 1);
    assert.match(stderr, /^Error: \[IPT-NO-TOOL\] no iptables found [^\n]*install it in this image[^\n]*\n$/);
  });
});
