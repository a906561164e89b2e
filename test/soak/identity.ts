// Certificates that live 20 s: two agents replace them over and over while one of their Envoys calls the other over
// mutual TLS.

import { setTimeout as sleep } from 'node:timers/promises';

import { Load, totalOf } from '../e2e/support/load/load.ts';
import { FaultMesh } from '../e2e/support/identity/fault-mesh.ts';
import type { Pod } from '../e2e/support/pod.ts';
import { holdingsOf, type Holdings } from '../e2e/support/restarting-pod.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { growth, type Soak, type SoakOptions } from './soak.ts';

/** Little room for garbage: what the agents' memory grows by is what they keep. */
const ENV = { SECRET_TTL: '20s', NODE_OPTIONS: '--max-old-space-size=48 --max-semi-space-size=1' };
/** Each request is a handshake. */
const LOAD = { clients: { kept: 4, oneShot: 2, http2: 0 }, pauseMs: 100 };
const GROWTH_LIMIT_MB = 20;
const OPEN_FILES_LIMIT = 4;

export const identity: Soak = {
  name: 'identity',
  what: 'rotations of certificates that live 20 s, in two agents whose Envoys call each other over mutual TLS',
  everySeconds: 20,
  run: async (options) => {
    await using folder = await temporaryDirectory();
    await using mesh = await FaultMesh.start(folder.path, 1, ENV);
    await using called = await mesh.called({ env: ENV });
    const pod = await called.start(async () => undefined);
    await pod.ready();
    await using load = new Load({ url: called.url, ...LOAD });
    return await runRounds({ caller: mesh.caller, called: pod }, load, options);
  },
};

type Pods = Readonly<Record<'caller' | 'called', Pod>>;
const SIDES = ['caller', 'called'] as const;

async function runRounds(pods: Pods, load: Load, options: SoakOptions): Promise<readonly string[]> {
  const { forMs, everyMs, tell } = options;
  const endMs = performance.now() + forMs;
  const faults: string[] = [];
  const held: Record<keyof Pods, Holdings[]> = { caller: [], called: [] };
  let before = await rotationsOf(pods);
  const first = before;
  for (let round = 1; performance.now() < endMs; round += 1) {
    await sleep(Math.max(0, Math.min(everyMs, endMs - performance.now())));
    const { sent, failures } = totalOf(await load.take());
    const rotations = await rotationsOf(pods);
    for (const side of SIDES) held[side].push(await holdingsOf(pods[side].pid));
    const figures = SIDES.map((side) => describe(side, rotations[side], held[side].at(-1)));
    tell(`round ${round}: ${sent} handshakes, ${failures.length} failed; ${figures.join('; ')}`);
    faults.push(...failures.map((failure) => `round ${round}: ${failure}`));
    before = rotations;
  }
  const seconds = forMs / 1000;
  return [
    ...faults,
    ...SIDES.flatMap((side) => faultsOf(side, before[side], first[side], seconds, held[side])),
  ];
}

interface Rotations {
  readonly success: number;
  readonly failure: number;
}

async function rotationsOf(pods: Pods): Promise<Readonly<Record<keyof Pods, Rotations>>> {
  const read = async (pod: Pod): Promise<Rotations> => {
    const page = (await (await fetch(pod.status('/debug/certs'))).json()) as { rotations: Rotations };
    return page.rotations;
  };
  return { caller: await read(pods.caller), called: await read(pods.called) };
}

function faultsOf(
  side: string,
  last: Rotations,
  first: Rotations,
  seconds: number,
  held: readonly Holdings[],
): string[] {
  const rotations = last.success - first.success;
  const expected = Math.floor(seconds / 20); // one each 10 s; half of them is far from too few
  const memory = growth(held.map(({ privateMb }) => privateMb));
  const files = growth(held.map(({ openFiles }) => openFiles));
  return [
    ...(rotations < expected ? [`${side}: only ${rotations} rotations`] : []),
    ...(last.failure > 0 ? [`${side}: ${last.failure} rotations failed`] : []),
    ...(memory > GROWTH_LIMIT_MB ? [`${side}: memory grew by ${memory} MB`] : []),
    ...(files > OPEN_FILES_LIMIT ? [`${side}: open files grew by ${files}`] : []),
  ];
}

function describe(side: string, { success, failure }: Rotations, holdings: Holdings | undefined): string {
  const { privateMb = 0, openFiles = 0 } = holdings ?? {};
  return `${side} ${success} rotations, ${failure} failed, ${privateMb} MB of its own, ${openFiles} open files`;
}
