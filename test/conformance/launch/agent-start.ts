// Starts the agent once, to its end, and gathers what it left: the exit, its output, what Envoy was given.

import { once } from 'node:events';
import { access, chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { readTextIfExists } from '../../../src/runtime/files.ts';
import type { TextMap } from '../../../src/runtime/json.ts';
import { NetworkNamespace } from '../../iptables/network-namespace.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { AgentStart } from './launch-case.ts';
import { setUpNetwork } from './network.ts';
import { fillWorkingDirectory, inDirectory, RECORD, RECORDED_BOOTSTRAP } from './working-directory.ts';

/** What the stand-in saw. */
export interface EnvoyLaunch {
  readonly argv: readonly string[];
  readonly env: TextMap;
  readonly userGroup: string;
  /** The file behind `-c`. */
  readonly bootstrap: string | undefined;
  readonly lightstepToken: string | undefined;
}

export interface AgentRun {
  readonly directory: string;
  readonly exit: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
  /** The whole environment that the agent was given. */
  readonly env: TextMap;
  readonly envoy: EnvoyLaunch | undefined;
  readonly grpcBootstrap: string | undefined;
}

const AGENT = join(import.meta.dirname, '../../../src/cli/agent.ts');
const LIMIT_MS = 60_000;
const POLL_MS = 20;

/**
 * @param inspect is called while the working directory still exists
 * @throws when the namespace cannot be made, or the agent does not end within a minute
 */
export async function startAgent<T>(
  item: AgentStart,
  rootCertificate: string,
  inspect: (run: AgentRun) => T | Promise<T>,
): Promise<T> {
  await using temporary = await temporaryDirectory();
  const [directory, scratch] = [join(temporary.path, 'case'), join(temporary.path, 'network')];
  for (const path of [directory, scratch]) await mkdir(path);
  await chmod(temporary.path, 0o755); // Envoy may run as another user
  await fillWorkingDirectory(directory, item, rootCertificate);
  await using namespace = await NetworkNamespace.create();
  await setUpNetwork(namespace, item, scratch);
  return await inspect(await runToEnd(item, directory, namespace));
}

async function runToEnd(item: AgentStart, directory: string, namespace: NetworkNamespace): Promise<AgentRun> {
  const env = environment(item, directory);
  const args = item.args.map((arg) => inDirectory(arg, directory));
  const command = ['--chdir', directory, process.execPath, AGENT, ...args];
  const child = namespace.start('env', command, { env });
  child.stdin.end();
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const ended = new AbortController();
  const stop = item.expected.stoppedWith;
  const grpcBootstrap = grpcBootstrapPath(item, directory);
  const watchers = [
    sleep(LIMIT_MS, undefined, ended).then(() => child.kill('SIGKILL')),
    ...(stop === undefined ? [] : [existing(grpcBootstrap, ended.signal).then(() => child.kill(stop))]),
  ];
  const [code, signal] = await exited;
  ended.abort();
  await Promise.allSettled(watchers);
  const [stdout, stderr] = await outputs;
  return {
    directory,
    exit: code ?? signal ?? 'SIGKILL',
    stdout,
    stderr,
    env,
    envoy: await recorded(join(directory, RECORD)),
    grpcBootstrap: await readTextIfExists(grpcBootstrap),
  };
}

function environment({ env }: AgentStart, directory: string): TextMap {
  const given = Object.entries(env).map(([name, value]) => [name, inDirectory(value, directory)]);
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    ENVOY_HOT_RESTART: 'false',
    ENVOY_RESTART_POLICY: 'never',
    ...Object.fromEntries(given),
  };
}

/** A path that nothing is at for an agent that is told to write none. */
function grpcBootstrapPath({ env }: AgentStart, directory: string): string {
  const path = env['GRPC_XDS_BOOTSTRAP'] ?? 'etc/istio/proxy/grpc-bootstrap.json';
  return resolve(directory, inDirectory(path || 'nowhere', directory));
}

async function existing(path: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(POLL_MS, undefined, { signal });
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return;
  }
}

async function recorded(record: string): Promise<EnvoyLaunch | undefined> {
  const read = (name: string): Promise<string | undefined> => readTextIfExists(join(record, name));
  const argv = await read('argv');
  if (argv === undefined) return undefined;
  const variables = zeroTerminated((await read('environ')) ?? '').map((entry) => {
    const at = entry.indexOf('=');
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return {
    argv: zeroTerminated(argv),
    env: Object.fromEntries(variables),
    userGroup: (await read('user'))?.trim() ?? '',
    bootstrap: await read(RECORDED_BOOTSTRAP),
    lightstepToken: await read('lightstep-token'),
  };
}

function zeroTerminated(text: string): readonly string[] {
  return text.split('\0').slice(0, -1);
}
