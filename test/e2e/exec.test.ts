// `agent exec` as a process: beside a small server in the place of a sidecar, and beside the whole agent with Envoy.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { namespaceObstacle } from '../iptables/network-namespace.ts';
import { loopbackServer } from '../support/http-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { answeringListener, staticCluster } from './support/mesh-resources.ts';
import { Pod } from './support/pod.ts';

const AGENT = resolve(import.meta.dirname, '../../src/cli/agent.ts');
/** Says that it runs, and ends with 5 at a SIGTERM, or when nobody holds its input any more. */
const ENDS_WITH_5 = [
  process.execPath,
  '-e',
  `process.on('SIGTERM', () => process.exit(5));
  process.stdin.resume().on('end', () => process.exit());
  console.log('runs');`,
];
const LIFE_LIMIT_MS = 60_000;

function startExec(words: readonly string[], before: readonly string[] = []): ChildProcessWithoutNullStreams {
  const [file = '', ...args] = [...before, process.execPath, AGENT, 'exec', ...words];
  return spawn(file, args, { timeout: LIFE_LIMIT_MS, killSignal: 'SIGKILL' });
}

/** Of a process whose output nobody reads; what it started may hold that open. */
async function exitCodeOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function finished(child: ChildProcessWithoutNullStreams) {
  const [code, stdout, stderr] = await Promise.all([
    exitCodeOf(child),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

/** A server in the place of a sidecar. */
async function fakeSidecar(readyStatus = 200) {
  const asked: string[] = [];
  const server = await loopbackServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.writeHead(url === '/ready' ? readyStatus : 200).end();
  });
  const flags = [`--url=${server.url}/ready`, `--quitUrl=${server.url}/quit`, '--periodMillis=20'];
  return { asked, flags, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('agent exec', function () {
  this.timeout(120_000);

  it('gives the command its own words, input and outputs, and ends as the command does', async () => {
    const script = 'cat; printf "%s|" "$@"; echo oops >&2; exit 3';
    const words = ['a b', '', '$HOME', '*', '--url=x', '--'];

    const child = startExec(['--mesh=none', '--', 'sh', '-c', script, 'sh', ...words]);
    child.stdin.end('input ');
    const { code, stdout, stderr } = await finished(child);

    deepEqual([code, stdout], [3, 'input a b||$HOME|*|--url=x|--|']);
    match(stderr, /^\S+\tinfo\t--mesh=none: sh runs without a mesh\noops\n$/);
  });

  it('leaves the command outputs that block, as a slow reader needs them', async () => {
    const script = 'head -c 3000000 /dev/zero';

    const child = startExec(['--mesh=none', 'sh', '-c', script]);
    child.stdout.pause();
    await once(child.stderr, 'data');
    const { code, stdout } = await finished(child);

    deepEqual([code, stdout.length], [0, 3_000_000]);
  });

  it('hands a SIGTERM on, and asks the sidecar to end when the command has', async () => {
    await using sidecar = await fakeSidecar();

    const child = startExec([...sidecar.flags, ...ENDS_WITH_5]);
    await once(child.stdout, 'data');
    ok(!sidecar.asked.includes('POST /quit'));
    child.kill('SIGTERM');

    equal(await exitCodeOf(child), 5);
    deepEqual(sidecar.asked.slice(-2), ['GET /ready', 'POST /quit']);
  });

  it('hands it on as PID 1, too', async function () {
    if (namespaceObstacle() !== undefined) return this.skip();
    await using sidecar = await fakeSidecar();

    const holder = startExec(
      [...sidecar.flags, ...ENDS_WITH_5],
      ['unshare', '--pid', '--fork', '--kill-child'],
    );
    await once(holder.stdout, 'data');
    const [pid = 0] = (await readFile(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8'))
      .split(' ')
      .map(Number);
    process.kill(pid, 'SIGTERM');

    equal(await exitCodeOf(holder), 5);
    equal(sidecar.asked.at(-1), 'POST /quit');
  });

  it('ends with 143 at a SIGTERM while the sidecar is not ready, and runs nothing', async () => {
    await using sidecar = await fakeSidecar(503);

    const child = startExec([...sidecar.flags, 'echo', 'runs']);
    while (!sidecar.asked.includes('GET /ready')) await once(child.stderr, 'data');
    child.kill('SIGTERM');

    const { code, stdout } = await finished(child);
    deepEqual([code, stdout], [143, '']);
    ok(!sidecar.asked.includes('POST /quit'));
  });

  it('does not wait for what the command leaves behind', async () => {
    const child = startExec(['--mesh=none', 'sh', '-c', 'sleep 60 & echo $!']);
    const [left] = (await once(child.stdout, 'data')) as [Buffer];

    equal(await exitCodeOf(child), 0);
    equal(process.kill(Number(String(left)), 'SIGKILL'), true);
  });

  it('runs its command when Envoy carries traffic, and has the sidecar end', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const resources = [answeringListener('hello', port), staticCluster('web', port)];
    await using control = await ControlPlane.start(join(folder.path, 'control'), {
      config: { 'all.yaml': { resources } },
    });
    await using pod = await Pod.start(join(folder.path, 'pod'), { control });
    const script = `fetch('http://127.0.0.1:${port}/').then(async (answer) => {
      console.log(await answer.text());
      process.exitCode = 3;
    })`;

    const flags = [
      `--url=http://127.0.0.1:${pod.ports.health}/healthz/ready`,
      `--quitUrl=${pod.status('/quitquitquit')}`,
      '--meshTimeoutSeconds=60', // the agent has just been started, and the machine may be busy
      '--periodMillis=50',
    ];
    const job = await finished(startExec([...flags, process.execPath, '-e', script]));

    deepEqual([job.code, job.stdout], [3, 'hello\n'], job.stderr);
    deepEqual(await pod.exited, { code: 0, signal: null });
    match(await pod.log(), /Agent already drained, exiting immediately/);
  });
});
