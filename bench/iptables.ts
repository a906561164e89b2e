// What `istio-iptables` takes of a pod's start, beside the tools it stands on.

import { NetworkNamespace, namespaceObstacle } from '../test/iptables/network-namespace.ts';
import { AGENT } from './built-agent.ts';
import type { Bench, Row } from './figures.ts';

const RUNS = 7;
const CAPTURE = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020'.split(' ');

export const iptables: Bench = {
  name: 'iptables',
  how: `wall time of the command in a fresh network namespace, entering it included; ${RUNS} runs after one that does not count`,
  run: async () => {
    const obstacle = namespaceObstacle();
    if (obstacle !== undefined) throw new Error(`iptables: ${obstacle}`);
    const [v4, v6] = await captureRules();
    const agent = [AGENT, 'istio-iptables', ...CAPTURE];
    return [
      await row('istio-iptables', (pod) => pod.run(process.execPath, agent)),
      await row('istio-iptables --dry-run', (pod) => pod.run(process.execPath, [...agent, '--dry-run'])),
      await row('the same rules by iptables-restore and ip6tables-restore', async (pod) => {
        const restored = await pod.run('iptables-nft-restore', [], { input: v4 });
        return restored.code === 0 ? pod.run('ip6tables-nft-restore', [], { input: v6 }) : restored;
      }),
      await row('node, doing nothing', (pod) => pod.run(process.execPath, ['-e', '0'])),
    ];
  },
};

/** A pod's network as the command needs it: loopback, and one address. */
async function podNetwork(): Promise<NetworkNamespace> {
  const pod = await NetworkNamespace.create();
  await pod.shell('ip link set lo up; ip link add eth0 type veth peer name eth1; ip link set eth0 up');
  await pod.shell('ip address add 192.0.2.7/24 dev eth0');
  return pod;
}

type Work = (pod: NetworkNamespace) => ReturnType<NetworkNamespace['run']>;

async function row(what: string, work: Work): Promise<Row> {
  const values: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    await using pod = await podNetwork();
    const startMs = performance.now();
    const { code, stderr } = await work(pod);
    values.push(performance.now() - startMs);
    if (code !== 0) throw new Error(`${what}: ${stderr}`);
  }
  return { what, unit: 'ms', values: values.slice(1) };
}

/** What the command leaves behind, as input of the restore tools: IPv4, IPv6. */
async function captureRules(): Promise<readonly [string, string]> {
  await using pod = await podNetwork();
  const { code, stderr } = await pod.run(process.execPath, [AGENT, 'istio-iptables', ...CAPTURE]);
  if (code !== 0) throw new Error(stderr);
  return [(await pod.run('iptables-nft-save', [])).stdout, (await pod.run('ip6tables-nft-save', [])).stdout];
}
