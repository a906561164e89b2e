// How long `agent proxy` takes to start Envoy and to be ready, `agent discovery` to listen, and short commands to end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ControlPlane } from '../test/e2e/support/control-plane.ts';
import { answeringListener, staticCluster } from '../test/e2e/support/mesh-resources.ts';
import { Pod } from '../test/e2e/support/pod.ts';
import { freePorts } from '../examples/demo/free-ports.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { AGENT } from './built-agent.ts';
import { startDiscoveryProcess } from './discovery-process.ts';
import type { Bench, Row } from './figures.ts';

const RUNS = 7;
const POLL_MS = 5;
const DEADLINE_MS = 60_000;

export const start: Bench = {
  name: 'start',
  how:
    `milliseconds since the process was spawned, ${RUNS} starts after one that does not count; control plane in the ` +
    `measuring process; steps by the agent's own log, ready by asking Envoy's readiness listener every ${POLL_MS} ms; the short ones to their exit`,
  run: async () => [...(await proxyStarts()), await discoveryStarts(), ...(await shortCommands())],
};

const STEPS: readonly (readonly [string, RegExp])[] = [
  ['the first log line', /^(\S+)\tinfo\tFLAG/m],
  ['status port opens', /^(\S+)\tinfo\tOpening status port/m],
  ['Envoy spawned', /^(\S+)\tinfo\tEnvoy epoch 0 .* started/m],
  ['certificate signed', /^(\S+)\tinfo\tcache\tgenerated new workload certificate/m],
];

async function proxyStarts(): Promise<Row[]> {
  await using folder = await temporaryDirectory();
  const [port = 0] = await freePorts(1);
  const resources = [answeringListener('hello', port), staticCluster('web', port)];
  await using control = await ControlPlane.start(join(folder.path, 'control'), {
    config: { 'all.yaml': { resources } },
  });
  const runs: number[][] = [];
  for (let run = 0; run <= RUNS; run += 1)
    runs.push(await proxyStart(join(folder.path, `pod-${run}`), control));
  const names = [...STEPS.map(([name]) => name), 'ready: 200 from Envoy'];
  return names.map((what, index) => ({
    what,
    unit: 'ms',
    values: runs.slice(1).map((run) => run[index] ?? NaN),
  }));
}

/** @returns milliseconds to each step, and to ready */
async function proxyStart(root: string, control: ControlPlane): Promise<number[]> {
  await using pod = await Pod.start(root, { control, program: [AGENT] });
  const startMs = Date.now();
  await untilReady(pod.ports.health, startMs + DEADLINE_MS);
  const readyMs = Date.now() - startMs;
  await pod.until(async () => everyStepIn(await pod.log())); // the certificate may come after
  const log = await pod.log();
  await pod.stop();
  return [...STEPS.map(([, line]) => Date.parse(line.exec(log)?.[1] ?? '') - startMs), readyMs];
}

function everyStepIn(log: string): boolean {
  return STEPS.every(([, line]) => line.test(log));
}

async function untilReady(port: number, deadlineMs: number): Promise<void> {
  while ((await statusOf(port)) !== 200) {
    if (Date.now() > deadlineMs) throw new Error('the agent did not get ready');
    await sleep(POLL_MS);
  }
}

function statusOf(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const asked = request({ port, path: '/healthz/ready', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once('error', () => resolve(undefined)); // nobody listens yet
    asked.end();
  });
}

async function discoveryStarts(): Promise<Row> {
  await using folder = await temporaryDirectory();
  const values: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) values.push(await discoveryStart(folder.path));
  return { what: 'agent discovery listens', unit: 'ms', values: values.slice(1) };
}

async function discoveryStart(folder: string): Promise<number> {
  const startMs = performance.now();
  await using _discovery = await startDiscoveryProcess(folder);
  return performance.now() - startMs;
}

/** From spawn to exit, in turns, so that whatever else the machine does meets them all. */
async function shortCommands(): Promise<Row[]> {
  await using server = createServer((_request, response) => response.end('ready')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const capture =
    'istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i * -b * -d 15090,15021,15020 --dry-run';
  const commands: readonly (readonly [what: string, words: readonly string[]])[] = [
    ['node -e 0', ['-e', '0']],
    ['agent version', [AGENT, 'version']],
    ['agent istio-iptables --dry-run', [AGENT, ...capture.split(' ')]],
    ['agent wait --periodMillis=1', [AGENT, 'wait', '--periodMillis=1', `--url=http://127.0.0.1:${port}/`]],
  ];
  const values = commands.map((): number[] => []);
  for (let run = 0; run <= RUNS; run += 1)
    for (const [index, [, words]] of commands.entries()) values[index]?.push(await runMs(words));
  return commands.map(([what], index) => ({ what, unit: 'ms', values: values[index]?.slice(1) ?? [] }));
}

async function runMs(words: readonly string[]): Promise<number> {
  const startMs = performance.now();
  const [code] = (await once(spawn(process.execPath, words, { stdio: 'ignore' }), 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}`);
  return performance.now() - startMs;
}
