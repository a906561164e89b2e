// A secret manager on a fake clock, whose CA is an object of the test.

import assert from 'node:assert/strict';

import { AgentError } from '../../src/runtime/errors.ts';
import {
  SecretManager,
  type SecretManagerDeps,
  type SecretManagerSettings,
} from '../../src/security/secret-manager.ts';
import type { SecretOutput } from '../../src/security/secret-peers.ts';
import type { CertificateTexts } from '../../src/security/output-certs.ts';
import type { SecretItem } from '../../src/security/secret-item.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog, type RecordingLog } from '../support/recording-log.ts';
import { silentMeter } from '../support/silent-meter.ts';
import { authorityOf, makeAuthority, signRequest, type Authority } from './authority.ts';
import { until } from './progress.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

/** What the CA does; a test changes it as it goes. */
export interface ScriptedCa {
  authority: Authority;
  lifetimeMs: number;
  /** Why it refuses; undefined: it signs. */
  down: string | undefined;
  /** So far. */
  requests: number;
  answer: (csrPem: string, signal: AbortSignal) => Promise<readonly string[]>;
}

export interface Managed extends AsyncDisposable {
  readonly manager: SecretManager;
  readonly ca: ScriptedCa;
  /** Names told to the listener, oldest first; a test may empty it. */
  readonly changes: string[];
  readonly written: readonly Partial<CertificateTexts>[];
  readonly recorded: RecordingLog;
  /** Starts the manager, and waits for the first certificate unless the CA is down. */
  readonly run: () => Promise<void>;
  readonly workload: () => Promise<SecretItem & { kind: 'certificate' }>;
  readonly anchors: () => Promise<string>;
  /** How often each name was told since `changes` was emptied. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** Moves the clock, and waits until `default` is told. */
  readonly rotated: (ms: number) => Promise<void>;
}

export function managed(
  authority: Authority,
  clock: FakeClock,
  settings: Partial<SecretManagerSettings> = {},
  deps: Partial<SecretManagerDeps> = {},
): Managed {
  const ca = scriptedCa(authority, clock);
  const recorded = recordingLog();
  const written: Partial<CertificateTexts>[] = [];
  const output: SecretOutput = {
    write: async (texts) => void written.push(texts),
    close: async () => undefined,
  };
  const common = { clock, random: () => 0.5, log: recorded.log, meter: silentMeter(), output };
  const client = authorityOf((csr, _ttlSeconds, signal) => ca.answer(csr, signal));
  const manager = new SecretManager({ ...SETTINGS, ...settings }, { ca: client, ...common, ...deps });
  const changes: string[] = [];
  manager.onChange((name) => changes.push(name));

  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const run = async (): Promise<void> => {
    running.push(manager.run(stop.signal));
    if (ca.down === undefined && !('ca' in deps)) await until(() => manager.facts().serial !== undefined);
  };
  const end = async (): Promise<void> => {
    stop.abort(new Error('the test is over'));
    await Promise.all(running);
    await manager.close();
    assert.equal(clock.sleepers, 0);
  };
  const counts = (): Record<string, number> =>
    Object.fromEntries(
      [...new Set(changes)].map((name) => [name, changes.filter((one) => one === name).length]),
    );
  const rotated = async (ms: number): Promise<void> => {
    const before = counts().default ?? 0;
    await clock.tick(ms);
    await until(() => (counts().default ?? 0) > before);
  };
  const item = (name: string): Promise<SecretItem> => manager.get(name, never);
  return {
    manager,
    ca,
    changes,
    written,
    recorded,
    run,
    workload: async () => ofKind(await item('default'), 'certificate'),
    anchors: async () => ofKind(await item('ROOTCA'), 'trust').rootPem,
    counts,
    rotated,
    [Symbol.asyncDispose]: end,
  };
}

/** What the tests of a `describe` have: authorities for all, a clock and managers for each. */
export interface ManagedWorld {
  /** Signs, unless a test has another do it. */
  first: Authority;
  second: Authority;
  clock: FakeClock;
  /** It is ended after the test. */
  readonly make: (settings?: Partial<SecretManagerSettings>, deps?: Partial<SecretManagerDeps>) => Managed;
}

/** Called within a `describe`. Filled before its tests, and emptied after each. */
export function managedWorld(): ManagedWorld {
  const open: Managed[] = [];
  const world = {
    make: (settings, deps) => {
      const one = managed(world.first, world.clock, settings, deps);
      open.push(one);
      return one;
    },
  } as ManagedWorld;

  before(async () => {
    world.first = await makeAuthority('first.example');
    world.second = await makeAuthority('second.example');
  });

  beforeEach(() => {
    world.clock = new FakeClock();
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
  });

  return world;
}

/** The anchors of several authorities in the form in which they are served. */
export function joined(...authorities: readonly Authority[]): string {
  return authorities
    .map(({ rootPem }) => rootPem.trimEnd())
    .sort()
    .join('\n');
}

const SETTINGS: SecretManagerSettings = {
  spiffeId: 'spiffe://test.example/ns/shop/sa/cart',
  ttlMs: HOUR_MS,
  eccSignatureAlgorithm: 'ECDSA',
  eccCurve: 'P256',
  rsaKeySize: 2048,
  pkcs8Key: false,
  graceRatio: 0.5,
  graceRatioJitter: 0,
};

function scriptedCa(authority: Authority, clock: FakeClock): ScriptedCa {
  const ca: ScriptedCa = {
    authority,
    lifetimeMs: HOUR_MS,
    down: undefined,
    requests: 0,
    answer: async (csrPem) => {
      ca.requests++;
      if (ca.down !== undefined) throw new AgentError(ca.down, { retryable: true });
      return signRequest(ca.authority, csrPem, ca.lifetimeMs, clock);
    },
  };
  return ca;
}

function ofKind<K extends SecretItem['kind']>(item: SecretItem, kind: K): SecretItem & { kind: K } {
  assert.equal(item.kind, kind);
  return item as SecretItem & { kind: K };
}
