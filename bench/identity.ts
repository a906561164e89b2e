// What a certificate costs the agent: how long it takes, and how long everything else waits meanwhile.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

import { makeCsr } from '../src/pki/csr.ts';
import { generateKeys, type KeyOptions } from '../src/pki/keys.ts';
import { loadMessages } from '../src/proto/messages.ts';
import { systemClock } from '../src/runtime/clock.ts';
import type { CertificateAuthority } from '../src/security/ca/certificate-authority.ts';
import { openCa } from '../src/security/ca/providers.ts';
import { obtainCertificate, type IdentitySettings } from '../src/security/ca/workload-certificate.ts';
import { SecretManager } from '../src/security/secret-manager.ts';
import { FileToken } from '../src/security/upstream/file-token.ts';
import { controlPlaneSettings } from '../test/security/control-plane-settings.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { silentMeter } from '../test/support/silent-meter.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { startDiscoveryProcess } from './discovery-process.ts';
import { median, type Bench, type Row } from './figures.ts';

const RUNS = 5;
const CERTIFICATES = 40;
const ROTATION_MS = 2000;
const RSA: KeyOptions = { eccSignatureAlgorithm: '', eccCurve: 'P256', rsaKeySize: 2048 };
const P256: KeyOptions = { ...RSA, eccSignatureAlgorithm: 'ECDSA' };
const never = new AbortController().signal;

export const identity: Bench = {
  name: 'identity',
  how:
    `against \`agent discovery\` in a process of its own, over TLS, a connection per request; ${RUNS} runs of ` +
    `${CERTIFICATES} certificates, of which each gives its median; delays of the event loop as Node's histogram sees ` +
    `them every millisecond; rotations one after the other for ${ROTATION_MS / 1000} s`,
  run: async () => {
    await using folder = await temporaryDirectory();
    await using discovery = await startDiscoveryProcess(folder.path);
    const tokenPath = join(folder.path, 'token');
    await writeFile(tokenPath, await discovery.token('default', 'web'));
    const ca = await openLocalCa(discovery.port, discovery.rootPath, tokenPath);
    const delays = await runs(() => loopDelays(ca));
    const ms = (what: string, values: readonly number[]): Row => ({ what, unit: 'ms', values });
    return [
      ms(
        'event loop, RSA-2048 certificates: p50',
        delays.map(({ p50 }) => p50),
      ),
      ms(
        'event loop, RSA-2048 certificates: p99',
        delays.map(({ p99 }) => p99),
      ),
      ms(
        'event loop, RSA-2048 certificates: max',
        delays.map(({ max }) => max),
      ),
      ms('certificate with RSA-2048 key', await runs(() => certificate(ca, RSA))),
      ms('certificate with P-256 key', await runs(() => certificate(ca, P256))),
      ms('signing request alone', await runs(() => roundTrip(ca))),
      { what: 'rotations with RSA-2048 keys', unit: '/s', values: await runs(() => rotations(ca, RSA)) },
      { what: 'rotations with P-256 keys', unit: '/s', values: await runs(() => rotations(ca, P256)) },
    ];
  },
};

/** One run before that does not count. */
async function runs<T>(measure: () => Promise<T>): Promise<T[]> {
  const values: T[] = [];
  for (let run = 0; run <= RUNS; run += 1) values.push(await measure());
  return values.slice(1);
}

const { log } = recordingLog();
const common = { clock: systemClock(), random: Math.random, meter: silentMeter(), log };

function openLocalCa(port: number, rootPath: string, tokenPath: string): Promise<CertificateAuthority> {
  const settings = controlPlaneSettings({ workingDirectory: '/', caAddress: `127.0.0.1:${port}` });
  const messages = loadMessages();
  const deps = {
    ...common,
    token: new FileToken({ path: tokenPath, ...common }),
    messages: async () => messages,
  };
  const root = { kind: 'file', path: rootPath, name: rootPath } as const;
  const roots = { findRoot: async () => root, clientCertificate: undefined };
  return openCa({ settings: { ...settings, certSigner: '' }, deps }, roots);
}

function settingsFor(key: KeyOptions): IdentitySettings {
  return { ...key, spiffeId: 'spiffe://cluster.local/ns/default/sa/web', ttlMs: 3_600_000, pkcs8Key: false };
}

interface LoopDelays {
  /** Milliseconds by which the loop was late. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

async function loopDelays(ca: CertificateAuthority): Promise<LoopDelays> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  for (let count = 0; count < CERTIFICATES; count += 1)
    await obtainCertificate(settingsFor(RSA), { ca, ...common }, never);
  histogram.disable();
  const ms = (nanoseconds: number): number => nanoseconds / 1e6;
  return { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) };
}

async function certificate(ca: CertificateAuthority, key: KeyOptions): Promise<number> {
  return medianMs(async () => void (await obtainCertificate(settingsFor(key), { ca, ...common }, never)));
}

async function roundTrip(ca: CertificateAuthority): Promise<number> {
  const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
  const csr = await makeCsr(keys, settingsFor(P256).spiffeId);
  return medianMs(async () => void (await ca.signCsr(csr, 3600, never)));
}

async function medianMs(work: () => Promise<void>): Promise<number> {
  const values: number[] = [];
  for (let count = 0; count < CERTIFICATES; count += 1) {
    const startMs = performance.now();
    await work();
    values.push(performance.now() - startMs);
  }
  return median(values);
}

async function rotations(ca: CertificateAuthority, key: KeyOptions): Promise<number> {
  const settings = { ...settingsFor(key), graceRatio: 0.5, graceRatioJitter: 0 };
  await using manager = new SecretManager(settings, { ca, ...common });
  const startMs = performance.now();
  let count = 0;
  while (performance.now() - startMs < ROTATION_MS) {
    await manager.rotateNow();
    count += 1;
  }
  return (count * 1000) / (performance.now() - startMs);
}
