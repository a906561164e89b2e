// An agent's whole life with a token, keys and a header that are known, at the loudest log level, in front of a CA that
// repeats the token in its refusals. The number is that of the list of behaviours in the security specification.

import { deepEqual, match, ok } from 'node:assert/strict';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { FaultMesh } from './support/identity/fault-mesh.ts';
import type { CalledPod } from './support/identity/called-pod.ts';
import { INJECTED_ARGS, Pod } from './support/pod.ts';

const HEADER = 'canary-of-the-header-to-the-ca';
const ENV = { OUTPUT_CERTS: './certs', CA_HEADER_CANARY: HEADER };
const LOUD = [...INJECTED_ARGS.slice(0, -3), '--proxyLogLevel=debug', '--log_output_level=all:debug'];
const AGENT_PAGES = [
  '/debug/certs',
  '/debug/xds',
  '/debug/envoyz',
  '/debug/readyz',
  '/debug/startup',
  '/debug/logging',
  '/debug/scrapez',
  '/debug/pprof/cmdline',
  '/healthz/ready?verbose',
  '/metrics',
  '/stats/prometheus',
];
/** Takes seconds, and is looked at once. */
const PROFILES = ['/debug/pprof/profile?seconds=1', '/debug/pprof/heap?seconds=1'];
const ENVOY_PAGES = ['/config_dump?include_eds', '/certs', '/stats', '/clusters', '/server_info'];
/** What Envoy shows in place of a key. */
const REDACTED = new RegExp(Buffer.from('[redacted]').toString('base64'));
const COMMANDS = [['config'], ['bootstrap'], ['env']];

/** What was printed or shown, by where. */
type Shown = Map<string, string>;

interface Life {
  readonly shown: Shown;
  readonly secrets: readonly string[];
}

async function life(called: CalledPod): Promise<Life> {
  const shown: Shown = new Map();
  const secrets = [HEADER];
  const { mesh, gate } = called;
  const certs = called.path('certs');
  const pod = await called.start(() => mkdir(certs));
  const rememberKey = async (): Promise<void> => {
    const pem = await readFile(join(certs, 'key.pem'), 'utf8');
    const inDump = Buffer.from(pem).toString('base64'); // as JSON has bytes
    secrets.push(inDump.slice(100, 200), ...pem.split('\n').filter((line) => line.length === 64));
  };
  await pod.ready(60_000);
  const token = await readFile(called.tokenPath, 'utf8');
  secrets.push(token, ...token.split('.').slice(1));
  await rememberKey();
  await look(pod, 'at first', shown);

  const before = await called.serial();
  await called.rotate();
  await pod.until(async () => (await called.serial()) !== before);
  await rememberKey();
  await gate.lead(mesh.cas.port('refuses'));
  await called.rotate();
  await pod.until(async () => (await pod.log()).includes('no certificate for'));
  await look(pod, 'after a refusal', shown);
  for (const page of PROFILES) shown.set(page, await (await fetch(pod.status(page))).text());

  await rm(certs, { recursive: true });
  await gate.lead(mesh.control.port);
  await called.rotate();
  await pod.until(async () => (await pod.log()).includes('error when output the resource'));
  const killed = (await called.envoys()).active?.pid ?? 0;
  process.kill(killed, 'SIGKILL');
  await pod.until(async () => ((await called.envoys()).active?.pid ?? killed) !== killed);
  await pod.until(async () => (await called.serial()) !== undefined);
  await look(pod, 'after a crash', shown);
  await lookAtProcesses(called, shown);
  await pod.stop();
  shown.set('log', await pod.log());
  return { shown, secrets };
}

async function look(pod: Pod, when: string, shown: Shown): Promise<void> {
  for (const page of AGENT_PAGES) shown.set(`${page} ${when}`, await (await fetch(pod.status(page))).text());
  for (const page of ENVOY_PAGES) shown.set(`${page} ${when}`, await (await fetch(pod.admin(page))).text());
}

/** Words and environment of what the agent started, and the files that it wrote for it. */
async function lookAtProcesses(called: CalledPod, shown: Shown): Promise<void> {
  const envoy = (await called.envoys()).active?.pid;
  const environment = await readFile(`/proc/${envoy}/environ`, 'utf8');
  shown.set('environment of Envoy', environment.replace(`CA_HEADER_CANARY=${HEADER}`, '')); // the pod's own
  shown.set('words of Envoy', await readFile(`/proc/${envoy}/cmdline`, 'utf8'));
  const folder = called.path('etc/istio/proxy');
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile()) shown.set(entry.name, await readFile(join(folder, entry.name), 'utf8'));
  }
}

/** What the other commands print in the same pod. */
async function lookAtCommands({ control, folder }: FaultMesh, shown: Shown): Promise<void> {
  for (const args of COMMANDS) {
    const options = { control, env: ENV, args };
    await using pod = await Pod.start(join(folder, args.join('-')), options);
    await pod.exited;
    shown.set(`agent ${args.join(' ')}`, await pod.log());
  }
}

describe('secrets of a workload', function () {
  this.timeout(180_000);
  let told: Life;

  before(async () => {
    await using folder = await temporaryDirectory();
    await using mesh = await FaultMesh.start(folder.path, 1);
    await using called = await mesh.called({ env: ENV, args: LOUD });
    told = await life(called);
    await lookAtCommands(mesh, told.shown);
  });

  it('81: are in no log, page, dump, file, word or environment over the whole life of an agent', () => {
    const { shown, secrets } = told;

    const leaks = [...shown].flatMap(([where, text]) =>
      secrets.filter((secret) => text.includes(secret)).map((secret) => `${where}: ${secret.slice(0, 6)}…`),
    );

    deepEqual(leaks, []);
    ok(secrets.length > 30, `${secrets.length} secrets`);
  });

  it('81: were looked for where they could have been', () => {
    const { shown } = told;

    match(shown.get('log') ?? '', /no certificate for Bearer \*\*\*/);
    match(shown.get('/debug/certs after a refusal') ?? '', /no certificate for/);
    match(shown.get('/config_dump?include_eds after a crash') ?? '', REDACTED);
    match(shown.get('/debug/logging at first') ?? '', /"xdsproxy":"debug"/);
    match(shown.get('/debug/pprof/cmdline at first') ?? '', /\0proxy\0sidecar\0--domain\0/);
    match(shown.get('/debug/pprof/heap?seconds=1') ?? '', /^\{"head":/);
    match(shown.get('agent bootstrap') ?? '', /sds-grpc/);
    ok([...shown.values()].every((text) => text.length > 0));
  });
});
