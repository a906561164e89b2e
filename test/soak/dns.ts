// Names of the mesh and of others, asked all the time of a real agent while its name table is replaced and its two
// resolvers are well, slow or dead in turn. Needs root: the agent sees a resolver file of its own.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePorts } from '../../examples/demo/free-ports.ts';
import type { Decoded } from '../dns/support/wire.ts';
import { ControlPlane } from '../e2e/support/control-plane.ts';
import { Pod } from '../e2e/support/pod.ts';
import { holdingsOf, type Holdings } from '../e2e/support/restarting-pod.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { DnsLoad, type Asked, type DnsCounts } from './dns-load.ts';
import { growth, type Soak, type SoakOptions } from './soak.ts';
import { TroubledResolver, type Mood } from './troubled-resolver.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const WITH_RESOLVER_FILE = join(import.meta.dirname, 'with-resolver-file.ts');
/** Where port 53 is free even if the machine runs a resolver of its own. */
const RESOLVERS = ['127.77.0.1', '127.77.0.2'] as const;
/** Little room for garbage: what the agent's memory grows by is what it keeps. */
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=1' };
const GROWTH_LIMIT_MB = 20;
const OPEN_FILES_LIMIT = 8;
const HOSTS = 300;
const RELOAD_MS = 2000;
/** Of the agent's wait for one resolver; clients are more patient. */
const FORWARD_TIMEOUT_MS = 2000;
const SERVFAIL = 2;

/** One after the other, a round each. */
const MOODS: readonly (readonly [Mood, Mood])[] = [
  ['well', 'well'],
  ['slow', 'well'],
  ['well', 'dead'],
  ['dead', 'slow'],
  ['dead', 'dead'],
];

export const dns: Soak = {
  name: 'dns',
  what: 'questions of 64 clients while tables are replaced, and resolvers are slow or dead',
  everySeconds: 10,
  run: async (options) => {
    await using folder = await temporaryDirectory();
    await using first = await TroubledResolver.start(RESOLVERS[0]);
    await using second = await TroubledResolver.start(RESOLVERS[1]);
    const config = { 'names.yaml': namesOf(0) };
    await using control = await ControlPlane.start(join(folder.path, 'control'), { config });
    const [port = 0] = await freePorts(1);
    await using pod = await startPod(folder.path, control, port);
    const world = new World([first, second], control, pod);
    await using load = await DnsLoad.start({
      server: { host: '127.0.0.1', port },
      local: hosts().map((host) => `${host}.`),
      fault: (asked, reply) => world.faultOf(asked, reply),
    });
    return await runRounds(world, load, options);
  },
};

async function startPod(folder: string, control: ControlPlane, port: number): Promise<Pod> {
  const file = join(folder, 'resolv.conf');
  await writeFile(file, RESOLVERS.map((address) => `nameserver ${address}\n`).join(''));
  const pod = await Pod.start(join(folder, 'pod'), {
    control,
    env: {
      ...SMALL_HEAP,
      ISTIO_META_DNS_CAPTURE: 'true',
      DNS_PROXY_ADDR: `127.0.0.1:${port}`,
      DNS_FORWARD_TIMEOUT: `${FORWARD_TIMEOUT_MS}ms`,
    },
    program: [WITH_RESOLVER_FILE, file, AGENT],
  });
  await pod.ready(60_000);
  return pod;
}

class World {
  readonly pod: Pod;
  readonly #resolvers: readonly [TroubledResolver, TroubledResolver];
  readonly #control: ControlPlane;
  /** When nobody could answer last, of `performance.now()`. */
  #deadUntilMs = -Infinity;
  #version = 0;

  constructor(resolvers: readonly [TroubledResolver, TroubledResolver], control: ControlPlane, pod: Pod) {
    this.#resolvers = resolvers;
    this.#control = control;
    this.pod = pod;
  }

  /** Replaces the table over and over until the time has come. */
  async live(moods: readonly [Mood, Mood], untilMs: number): Promise<void> {
    const areDead = moods.every((mood) => mood === 'dead');
    if (areDead) this.#deadUntilMs = Infinity;
    for (const [index, resolver] of this.#resolvers.entries()) resolver.mood = moods[index] ?? 'well';
    while (performance.now() < untilMs) {
      this.#version += 1;
      await this.#control.write('names.yaml', namesOf(this.#version % 250));
      await sleep(Math.max(0, Math.min(RELOAD_MS, untilMs - performance.now())));
    }
    for (const resolver of this.#resolvers) resolver.mood = 'well';
    if (areDead) this.#deadUntilMs = performance.now();
  }

  /** Who asked while nobody could answer, or whose last try began then, is told of a failure. */
  faultOf({ isLocal, startedMs }: Asked, { rcode, answers }: Decoded): string | undefined {
    if (!isLocal && rcode === SERVFAIL && startedMs < this.#deadUntilMs) return undefined;
    const [address = ''] = answers.map(({ data }) => data);
    const isRight = isLocal ? /^10\.96\.\d+\.1$/.test(address) : address === '192.0.2.80';
    return rcode === 0 && isRight ? undefined : `code ${rcode}, address ${address}`;
  }

  /** How many tables the agent has taken. */
  async tables(): Promise<number> {
    const page = await (await fetch(this.pod.status('/metrics'))).text();
    return Number(/^istio_agent_dns_table_update_seconds_count (\d+)$/m.exec(page)?.[1]);
  }
}

async function runRounds(world: World, load: DnsLoad, options: SoakOptions): Promise<readonly string[]> {
  const { forMs, everyMs, tell } = options;
  const endMs = performance.now() + forMs;
  const faults: string[] = [];
  const held: Holdings[] = [];
  for (let round = 1; performance.now() < endMs; round += 1) {
    const moods = MOODS[(round - 1) % MOODS.length] ?? ['well', 'well'];
    await world.live(moods, Math.min(endMs, performance.now() + everyMs));
    const counts = load.take();
    const holdings = await holdingsOf(world.pod.pid);
    held.push(holdings);
    faults.push(...counts.faults.map((fault) => `round ${round}: ${fault}`));
    tell(`round ${round}, resolvers ${moods.join(' and ')}: ${describe(counts, holdings)}`);
  }
  const tables = await world.tables();
  tell(`${tables} tables`);
  const expected = forMs / RELOAD_MS / 2;
  return [...faults, ...(tables < expected ? [`only ${tables} tables`] : []), ...growths(held)];
}

function growths(held: readonly Holdings[]): string[] {
  const [memory, files] = [held.map(({ privateMb }) => privateMb), held.map(({ openFiles }) => openFiles)];
  return [
    ...(growth(memory) > GROWTH_LIMIT_MB ? [`the agent's memory grew by ${growth(memory)} MB`] : []),
    ...(growth(files) > OPEN_FILES_LIMIT ? [`the agent's open files grew by ${growth(files)}`] : []),
  ];
}

function describe(counts: DnsCounts, { privateMb, openFiles }: Holdings): string {
  const { local, forwarded, failed, slowestMs, faults } = counts;
  const asked = `${local} local and ${forwarded} forwarded, ${failed} told of a failure, ${faults.length} faults`;
  return `${asked}, slowest ${Math.round(slowestMs)} ms, agent ${privateMb} MB of its own, ${openFiles} open files`;
}

function hosts(): readonly string[] {
  return Array.from({ length: HOSTS }, (_, index) => `h${index}.example`);
}

/** A document of the control plane: every host has an address of this version. */
function namesOf(version: number): object {
  return { names: Object.fromEntries(hosts().map((host) => [host, { ips: [`10.96.${version}.1`] }])) };
}
