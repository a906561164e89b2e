// What can go wrong with a workload's certificate, each cause with what brings it about and what ends it.

import { access, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { CalledOptions, CalledPod } from './called-pod.ts';
import type { Behind } from './ca-gate.ts';
import type { CaKind } from './mesh-cas.ts';

export const MOMENTS = ['start', 'steady', 'rotation', 'hot restart'] as const;
/** Before there is a certificate; long before it is replaced; when it is due; while Envoy is handed over. */
export type Moment = (typeof MOMENTS)[number];

export interface Cause {
  readonly name: string;
  /** No certificate can be signed for as long as it lasts. */
  readonly blocks: boolean;
  /** What the agent says, at the moments at which it has to. */
  readonly told: Partial<Readonly<Record<Moment, RegExp>>>;
  /** A first certificate does not get to the programs beside Envoy, which readiness stands for too. */
  readonly blocksFiles?: boolean;
  /** An Envoy gets no configuration: one that is to take over is given up. */
  readonly blocksXds?: boolean;
  /** Laid over the lifetime that a certificate has at the moment `rotation`. */
  readonly rotationTtl?: string;
  readonly options?: CalledOptions;
  /** Done with the files in place, be the agent there yet or not. */
  readonly begin: (called: CalledPod) => Promise<void>;
  /** Done besides as soon as the agent runs. */
  readonly strike?: (called: CalledPod) => Promise<void>;
  readonly end: (called: CalledPod) => Promise<void>;
  /** It has a certificate signed by itself, when none is due. */
  readonly signs?: boolean;
  /** Envoy dies of it: calls fail until the next one runs. */
  readonly killsEnvoy?: boolean;
}

const CLOCK = resolve(import.meta.dirname, 'skewed-clock.ts');
const AGENT = resolve(import.meta.dirname, '../../../../src/cli/agent.ts');
const SMALL_DISK = resolve(import.meta.dirname, 'small-disk.ts');
const SOCKET = 'var/run/secrets/workload-spiffe-uds/socket';
const FILLER = 'certs/filler';
const HOUR_MS = 3_600_000;

const WITHOUT_TOKEN = { blocksXds: true, options: { env: { ENVOY_HANDOFF_TIMEOUT: '10s' } } };

const nothing = async (): Promise<void> => undefined;

/** Said when something is to be signed. */
function signing(text: RegExp): Cause['told'] {
  return { start: text, rotation: text };
}

/** Said whenever it happens. */
function always(text: RegExp): Cause['told'] {
  return { start: text, steady: text, rotation: text, 'hot restart': text };
}

/** The pod's CA is another one, or none. */
function behind(place: CaKind | Exclude<Behind, number>): Pick<Cause, 'begin' | 'end'> {
  const begin = ({ gate, mesh }: CalledPod): Promise<void> =>
    gate.lead(place === 'silence' || place === 'nobody' ? place : mesh.cas.port(place));
  return { begin, end: ({ gate, mesh }) => gate.lead(mesh.control.port) };
}

function clockOff(ms: number): Pick<Cause, 'options' | 'begin' | 'end'> {
  return {
    options: { program: ['--import', CLOCK, AGENT] },
    begin: (called) => writeFile(called.path('clock-offset'), String(ms)),
    end: (called) => rm(called.path('clock-offset')),
  };
}

export const causes: readonly Cause[] = [
  {
    name: 'CA down',
    blocks: true,
    told: signing(/failed to (?:warm certificate|sign): .*code = Unavailable .*ECONNREFUSED/),
    ...behind('nobody'),
  },
  {
    name: 'CA hangs',
    blocks: true,
    told: signing(/failed to (?:warm certificate|sign): .*code = DeadlineExceeded desc = no answer within/),
    options: { env: { CA_ATTEMPT_TIMEOUT: '1s', CA_CALL_TIMEOUT: '3s' } },
    ...behind('silence'),
  },
  {
    name: 'CA refuses',
    blocks: true,
    told: signing(/failed to (?:warm certificate|sign): .*code = PermissionDenied desc = no certificate for/),
    ...behind('refuses'),
  },
  {
    name: 'wrong leaf',
    blocks: true,
    told: signing(/failed to (?:warm certificate|sign): .*the CA signed a certificate for another key/),
    ...behind('signs another key'),
  },
  {
    name: 'expired chain',
    blocks: true,
    told: signing(/failed to (?:warm certificate|sign): .*expired/),
    ...behind('sends an expired chain'),
  },
  {
    name: 'new root',
    blocks: false,
    told: { rotation: /Root cert has changed, start rotating root cert/ },
    ...behind('has a new root'),
  },
  {
    name: 'token missing',
    blocks: true,
    told: signing(/failed to (?:warm certificate|sign): .*code = Unauthenticated .*no token was sent/),
    ...WITHOUT_TOKEN,
    begin: (called) => called.removeToken(),
    end: (called) => called.mountToken(),
  },
  {
    name: 'token expired',
    blocks: true,
    told: signing(/failed to (?:warm certificate|sign): .*code = Unauthenticated .*exp/),
    ...WITHOUT_TOKEN,
    begin: (called) => called.mountToken(2 * HOUR_MS),
    end: (called) => called.mountToken(),
  },
  {
    name: 'token replaced',
    blocks: false,
    told: {},
    begin: (called) => called.mountToken(60_000),
    end: nothing,
  },
  {
    name: 'disk full',
    blocks: false,
    blocksFiles: true,
    told: signing(/error when output the resource: ENOSPC/),
    options: { env: { OUTPUT_CERTS: './certs' }, program: [SMALL_DISK] },
    begin: fillDisk,
    end: (called) => rm(onSmallDisk(called, FILLER)),
  },
  {
    name: 'clock -1 h',
    blocks: false,
    told: signing(/the certificate is not valid before .*: this clock or the CA's is wrong/),
    ...clockOff(-HOUR_MS),
  },
  { name: 'clock +1 h', blocks: false, told: {}, rotationTtl: '90m', ...clockOff(HOUR_MS) },
  {
    name: 'SDS socket deleted',
    blocks: false,
    told: always(/the SDS socket .* was removed; listening there again/),
    begin: nothing,
    strike: async (called) => {
      await called.pod?.until(() => access(called.path(SOCKET)).then(() => true));
      await rm(called.path(SOCKET));
    },
    end: nothing,
  },
  {
    name: 'Envoy killed while signing',
    blocks: true,
    told: always(/Envoy .*(?:SIGKILL|killed)/),
    signs: true,
    killsEnvoy: true,
    ...behind('silence'),
    strike: killWhileSigning,
  },
];

async function killWhileSigning(called: CalledPod): Promise<void> {
  const { pod, gate } = called;
  const before = gate.arrivals;
  await called.rotate().catch(() => undefined); // it just starts, and signs by itself
  await pod?.until(async () => gate.arrivals > before && (await envoyOf(called)) !== undefined);
  const killed = (await envoyOf(called)) ?? 0;
  process.kill(killed, 'SIGKILL');
  await pod?.until(async () => ![undefined, killed].includes(await envoyOf(called)));
}

/** The process that serves, or is to. */
async function envoyOf(called: CalledPod): Promise<number | undefined> {
  const { active, candidate } = await called.envoys();
  return (active ?? candidate)?.pid;
}

async function fillDisk(called: CalledPod): Promise<void> {
  if (called.pod === undefined) return writeFile(called.path('disk-full'), '');
  const zeros = Buffer.alloc(1 << 20);
  await writeFile(onSmallDisk(called, FILLER), zeros).catch(() => undefined); // it has become full
}

/** As the agent's mount namespace has it. */
export function onSmallDisk(called: CalledPod, name: string): string {
  return `/proc/${called.pod?.pid}/root${called.path(name)}`;
}
