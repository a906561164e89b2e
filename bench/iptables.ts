// What `istio-iptables` takes of a pod's start, by every kind of rules, beside the tools it stands on: wall time,
// processor time, memory, and how many programs it starts.

import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NetworkNamespace, namespaceObstacle } from '../test/iptables/network-namespace.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { AGENT } from './built-agent.ts';
import type { Bench, Row } from './figures.ts';
import { measuredRun, type Usage } from './usage.ts';

const RUNS = 7;
const CAPTURE = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020'.split(' ');
const COMMAND = [process.execPath, AGENT, 'istio-iptables', ...CAPTURE];

export const iptables: Bench = {
  name: 'iptables',
  how: `the command in a fresh network namespace; memory: the largest process; ${RUNS} runs after one that does not count`,
  run: async () => {
    const obstacle = namespaceObstacle();
    if (obstacle !== undefined) throw new Error(`iptables: ${obstacle}`);
    const restore = await restoreInput();
    return [
      ...(await rows('auto', COMMAND)),
      ...(await rows('nft', [...COMMAND, '--force-iptables-binary=nft'])),
      ...(await rows('legacy', [...COMMAND, '--force-iptables-binary=legacy'])),
      ...(await rows('native nftables', [...COMMAND, '--native-nftables'])),
      ...(await rows('dry run', [...COMMAND, '--dry-run'])),
      ...(await rows('auto, again', COMMAND, { prepare: COMMAND })),
      ...(await rows('iptables-nft-restore alone', ['iptables-nft-restore'], { input: restore })),
      ...(await rows('iptables-legacy-restore alone', ['iptables-legacy-restore'], { input: restore })),
      ...(await rows('node, doing nothing', [process.execPath, '-e', '0'])),
    ];
  },
};

interface RowsOptions {
  readonly input?: string;
  /** Run before, in the same namespace. */
  readonly prepare?: readonly string[];
}

/** A pod's network as the command needs it: loopback, and one address. */
async function podNetwork(): Promise<NetworkNamespace> {
  const pod = await NetworkNamespace.create();
  await pod.shell('ip link set lo up; ip link add eth0 type veth peer name eth1; ip link set eth0 up');
  await pod.shell('ip address add 192.0.2.7/24 dev eth0');
  return pod;
}

async function rows(
  what: string,
  command: readonly string[],
  { input = '', prepare = [] }: RowsOptions = {},
): Promise<readonly Row[]> {
  const usages: Usage[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    await using pod = await podNetwork();
    if (prepare.length > 0) await measuredRun(pod, prepare, '');
    usages.push(await measuredRun(pod, command, input));
  }
  const counted = usages.slice(1);
  return [
    { what: `${what}: wall`, unit: 'ms', values: counted.map(({ wallMs }) => wallMs) },
    { what: `${what}: processor`, unit: 'ms', values: counted.map(({ processorMs }) => processorMs) },
    { what: `${what}: memory`, unit: 'MiB', values: counted.map(({ peakMiB }) => peakMiB) },
    { what: `${what}: programs`, unit: 'runs', values: [await programRuns(command, input, prepare)] },
  ];
}

const PROGRAM = /^(?:ip6?tables|nft$|ip$)/;

/** Counted in a run of its own, in which every program is a script that says so first. */
async function programRuns(
  command: readonly string[],
  input: string,
  prepare: readonly string[],
): Promise<number> {
  await using directory = await temporaryDirectory();
  await using pod = await podNetwork();
  const record = join(directory.path, 'record');
  for (const name of (await readdir('/usr/sbin')).filter((name) => PROGRAM.test(name))) {
    const script = join(directory.path, name);
    await writeFile(script, `#!/bin/sh\necho ${name} >> ${record}\nexec /usr/sbin/${name} "$@"\n`);
    await chmod(script, 0o755);
  }
  const path = `PATH=${directory.path}:${process.env['PATH']}`;
  if (prepare.length > 0) await measuredRun(pod, prepare, '');
  await measuredRun(pod, ['env', path, ...command], input);
  return Number(await pod.shell(`cat ${record} 2>/dev/null | wc -l`));
}

/** What the command leaves behind, as input of the restore tools. */
async function restoreInput(): Promise<string> {
  await using pod = await podNetwork();
  await measuredRun(pod, COMMAND, '');
  return (await pod.run('iptables-nft-save', [])).stdout;
}
