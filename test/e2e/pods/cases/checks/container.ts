// The proxy's container as the machine sees it: users, processes, mounts, files, and what it logged.

import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { secretIn } from '../../../../support/secret-shapes.ts';
import { type Check, expect, type Subject } from '../check.ts';
import { PROXY, proxyOf } from '../pod-facts.ts';

type Pod = Subject['pod'];

/** Of containers whose YAML names none. */
const IMAGE_USER = 1337;

/** Every process of the container has the user and group of its security context. */
export const runsAsItsUser: Check = async ({ pod }) => {
  const { runAsUser = IMAGE_USER, runAsGroup = IMAGE_USER } = proxyOf(pod.spec).securityContext;
  const processes = await processesOf(pod);
  for (const { name, uid, gid } of processes) {
    expect(uid === runAsUser, `${name} runs as user ${uid}, not ${runAsUser}`);
    expect(gid === runAsGroup, `${name} runs as group ${gid}, not ${runAsGroup}`);
  }
  return `${processes.map(({ name }) => name).join(', ')} as ${runAsUser}:${runAsGroup}`;
};

/** What ends in the container is waited for. */
export const leavesNoZombie: Check = async ({ pod }) => {
  const zombies = (await processesOf(pod)).filter(({ state }) => state === 'Z');
  expect(zombies.length === 0, `${zombies.length} zombies: ${zombies.map(({ name }) => name).join(', ')}`);
  return undefined;
};

/** The agent runs although it cannot write to the root of its file system. */
export const hasAReadOnlyRoot: Check = async ({ pod }) => {
  const mounts = await readFile(`/proc/${pod.containerPid(PROXY)}/mountinfo`, 'utf8');
  const root = mounts.split('\n').find((line) => line.split(' ')[4] === '/');
  const options = root?.split(' ')[5]?.split(',') ?? [];
  expect(options.includes('ro'), `the root file system is mounted with ${options.join(',')}`);
  return undefined;
};

/** Modes of the files the agent makes while Envoy runs. */
const BOOTSTRAP_MODE = 0o644;
const SOCKET_MODE = 0o666;

/** In the image /var/run is a link to /run, which would lead out of a container's root when seen from here. */
const WORKLOAD_SOCKET = 'run/secrets/workload-spiffe-uds/socket';
/** In pods without a volume for it. */
const OLD_WORKLOAD_SOCKET = 'etc/istio/proxy/SDS';

export const givesItsFilesTheirModes: Check = async ({ pod }) => {
  const root = `/proc/${pod.containerPid(PROXY)}/root`;
  const { volumeMounts } = proxyOf(pod.spec);
  const hasVolume = volumeMounts.some(({ mountPath }) => mountPath.endsWith('/workload-spiffe-uds'));
  const bootstrap = (await readdir(join(root, 'etc/istio/proxy'))).find((name) =>
    /^envoy-rev\d*\.json$/.test(name),
  );
  expect(bootstrap !== undefined, 'there is no bootstrap file');
  const modes = {
    [`etc/istio/proxy/${bootstrap}`]: BOOTSTRAP_MODE,
    'etc/istio/proxy/XDS': SOCKET_MODE,
    [hasVolume ? WORKLOAD_SOCKET : OLD_WORKLOAD_SOCKET]: SOCKET_MODE,
  };
  for (const [path, wanted] of Object.entries(modes)) {
    const mode = (await stat(join(root, path))).mode & 0o777;
    expect(mode === wanted, `/${path} has mode ${mode.toString(8)}, not ${wanted.toString(8)}`);
  }
  return undefined;
};

/** No token, no private key, in no container. */
export const logsNoSecret: Check = async ({ pod }) => {
  for (const name of pod.containers.keys()) {
    const found = secretIn(await pod.log(name));
    expect(found === undefined, `${name} logged ${found}`);
  }
  return undefined;
};

/** What a user has to stumble over: lines of the agent and of Envoy at level warn or above. */
const TROUBLE = /^\S+\t(warn|error|fatal)\t|\[(warning|error|critical)\]/;

/** Lines that tell the user something true about this pod or this Envoy. */
const EXPLAINED = [
  /\tignored: unknown flags --trust-domain$/, // of older layouts
  /\tlegacy --concurrency=\d+ flag detected/,
  /\tRequest to probe app failed: /, // the application starts, or was told to fail
  /\tEnvoy proxy is NOT ready: /, // asked while it starts
  /\tslow generate secret lock: /, // the machine is busy
  /\tAborting proxy$|\tAborted proxy instance$/, // the proxy of a pod that has ended
];

export const logsNoTrouble: Check = async ({ pod }) => {
  const lines = (await pod.log(PROXY)).split('\n').filter((line) => TROUBLE.test(line));
  const unexplained = lines.filter((line) => !EXPLAINED.some((known) => known.test(line)));
  expect(unexplained.length === 0, `it logged: ${unexplained.slice(0, 3).join(' / ')}`);
  return lines.length === 0 ? undefined : `${lines.length} lines that are explained`;
};

/** Resident memory of each process of the container. */
export const showsItsMemory: Check = async ({ pod }) => {
  const processes = await processesOf(pod);
  const figures = processes.map(({ name, residentMb }) => `${name} ${residentMb} MB`);
  return figures.join(', ');
};

interface Process {
  readonly name: string;
  readonly state: string;
  readonly uid: number;
  readonly gid: number;
  readonly residentMb: number;
}

/** The processes in the container, found by their namespace of processes. */
async function processesOf(pod: Pod): Promise<readonly Process[]> {
  const namespace = await readlink(`/proc/${pod.containerPid(PROXY)}/ns/pid`);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const link = await readlink(`/proc/${pid}/ns/pid`).catch(() => ''); // it has ended
      return link === namespace ? [await processOf(pid)] : [];
    }),
  );
  const processes = found.flat().filter((process) => process !== undefined);
  expect(processes.length > 0, 'the container has no process');
  return processes;
}

/** Undefined: it has ended meanwhile. */
async function processOf(pid: string): Promise<Process | undefined> {
  const read = (name: string): Promise<string> => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const [status, words] = [await read('status'), (await read('cmdline')).split('\0')];
  if (status === '') return undefined;
  const field = (name: string): readonly string[] =>
    new RegExp(`^${name}:\\s+(.+)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
  return {
    name: programOf(words) ?? field('Name')[0] ?? '',
    state: field('State')[0] ?? '',
    uid: Number(field('Uid')[1]),
    gid: Number(field('Gid')[1]),
    residentMb: Math.round(Number(field('VmRSS')[0] ?? 0) / 1024),
  };
}

/** Node's programs by the name of their script. Undefined for a zombie, which has no words left. */
function programOf([program = '', script = '']: readonly string[]): string | undefined {
  const name = basename(program);
  return (name === 'node' ? basename(script) : name) || undefined;
}
