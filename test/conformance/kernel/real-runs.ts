// Real runs: the command in a fresh network namespace, and the state that the tools then show. Needs root, iptables
// and iproute2; without them every case fails by saying so.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NetworkNamespace, namespaceObstacle } from '../../iptables/network-namespace.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { ConformanceCase } from '../case.ts';
import { intendedSteps } from './intended.ts';
import { type ByFamily, kernelState, type KernelState } from './kernel-state.ts';

export interface Expected {
  readonly exitCode: number;
  /** What the case's own variant holds. */
  readonly save?: ByFamily<string>;
  /** What the other variant holds when none was forced. */
  readonly saveLegacy?: ByFamily<string>;
  readonly nftRuleset?: string;
  readonly ipRules?: Partial<KernelState['ipRules']>;
  readonly ipRoutes?: Partial<KernelState['ipRoutes']>;
  readonly loAddresses?: readonly string[];
  readonly dryRun?: readonly string[];
  readonly stderrContains?: readonly string[];
  readonly logContains?: readonly string[];
}

export interface Step {
  readonly args?: readonly string[];
  /** A program of somebody else, run in place of ours. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Who runs it; absent: root. */
  readonly uid?: number;
  readonly expected: Expected;
}

/** One run, or several in the same namespace. */
export interface RealRun extends Partial<Step> {
  readonly variant: 'nft' | 'legacy' | 'native' | 'auto';
  readonly namespace: {
    readonly ipv6?: boolean;
    readonly addresses?: readonly string[];
    readonly moreInterfaces?: readonly string[];
  };
  readonly resolvConf?: string;
  readonly steps?: readonly Step[];
}

export interface RealCase extends RealRun {
  readonly name: string;
  /** The recorded behaviour is known to be wrong. */
  readonly deviation?: string;
}

export function* realRunCases(list: readonly RealCase[]): Iterable<ConformanceCase> {
  for (const item of list) yield { name: item.name, run: () => checkCase(item) };
}

async function checkCase(item: RealCase): Promise<void> {
  const steps = stepsOf(item);
  await checkRealRun({
    ...item,
    steps: item.deviation === undefined ? steps : await intendedSteps(item.name, steps),
  });
}

function stepsOf(item: RealRun): readonly Step[] {
  return item.steps ?? [{ ...item, expected: item.expected ?? assert.fail('no expectation') }];
}

/** Makes the namespace, runs every step in it, and compares the state after each. @throws AssertionError */
export async function checkRealRun(item: RealRun): Promise<void> {
  assert.equal(namespaceObstacle(), undefined);
  await using namespace = await NetworkNamespace.create();
  await using directory = await temporaryDirectory();
  await namespace.shell(setUp(item, directory.path));
  for (const step of stepsOf(item)) await checkStep(item, step, namespace, directory.path);
}

function setUp({ namespace, resolvConf }: RealRun, directory: string): string {
  const v6 = namespace.ipv6 === true ? ['fd77::2/64'] : [];
  const addresses = namespace.addresses ?? ['10.77.0.2/24', ...v6];
  const text = resolvConf ?? 'nameserver 10.77.0.53\nsearch demo.svc.cluster.local\n';
  return [
    'sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0',
    'ip link set lo up',
    ...['eth0', ...(namespace.moreInterfaces ?? [])].flatMap((name, index) => [
      `ip link add ${name} type veth peer name peer${index}`,
      `ip link set ${name} up`,
      `ip link set peer${index} up`,
    ]),
    ...addresses.map((address) => `ip addr add ${address} dev eth0`),
    `printf %s '${text}' > ${directory}/resolv.conf`,
    `mount --bind ${directory}/resolv.conf /etc/resolv.conf`,
  ].join('\n');
}

const AGENT = join(import.meta.dirname, '../../../src/cli/agent.ts');

const BACKENDS: Readonly<Record<RealRun['variant'], Readonly<Record<string, string>>>> = {
  nft: { FORCE_IPTABLES_BINARY: 'nft' },
  legacy: { FORCE_IPTABLES_BINARY: 'legacy' },
  native: { NATIVE_NFTABLES: 'true' },
  auto: {},
};

async function checkStep(
  item: RealRun,
  { args = [], command, env = {}, uid = 0, expected }: Step,
  namespace: NetworkNamespace,
  directory: string,
): Promise<void> {
  const given = Object.entries(env).map(([name, value]) => [name, value.replaceAll('${DIR}', directory)]);
  const base = { PATH: process.env['PATH'] ?? '', HOME: directory };
  const program = command ?? [process.execPath, AGENT, ...args];
  const user = uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
  const [file = '', ...words] = [...user, ...program];
  const { code, stdout, stderr } = await namespace.run(file, words, {
    env: { ...base, ...BACKENDS[item.variant], ...Object.fromEntries(given) },
  });
  assert.equal(code, expected.exitCode, stderr);
  for (const text of expected.stderrContains ?? []) assert.ok(stderr.includes(text), stderr);
  for (const text of expected.logContains ?? []) assert.ok(stdout.includes(text), stdout);
  if (command === undefined) await checkState(item, expected, namespace);
  if (expected.dryRun !== undefined) {
    const record = await readFile(join(directory, 'dry-run.txt'), 'utf8');
    assert.deepEqual(record.split('\n'), expected.dryRun);
  }
}

async function checkState(
  { variant }: RealRun,
  expected: Expected,
  namespace: NetworkNamespace,
): Promise<void> {
  const none = { v4: '', v6: '' };
  const [own, other] = variant === 'legacy' ? (['legacy', 'nft'] as const) : (['nft', 'legacy'] as const);
  assert.deepEqual(await kernelState(namespace), {
    [own]: expected.save ?? none,
    [other]: expected.saveLegacy ?? none,
    nftRuleset: expected.nftRuleset ?? '',
    ipRules: { v4: [], v6: [], ...expected.ipRules },
    ipRoutes: {
      v4: (expected.ipRoutes?.v4 ?? []).toSorted(),
      v6: (expected.ipRoutes?.v6 ?? []).toSorted(),
    },
    loAddresses: expected.loAddresses ?? [],
  });
}
