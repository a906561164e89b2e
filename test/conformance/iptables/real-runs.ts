// Real runs: the command in a fresh network namespace, and the state that the tools then show. Needs root, iptables
// and iproute2; without them every case fails by saying so.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { NetworkNamespace, namespaceObstacle } from '../../iptables/network-namespace.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { ConformanceCase } from '../case.ts';
import { normalSave } from './save-text.ts';

interface Saved {
  readonly v4: string;
  readonly v6: string;
}

interface Expected {
  readonly exitCode: number;
  readonly save?: Saved;
  /** What the other variant holds when none was forced. */
  readonly saveLegacy?: Saved;
  readonly ipRules?: Partial<Record<'v4' | 'v6', readonly string[]>>;
  readonly ipRoutes?: Partial<Record<'v4' | 'v6', readonly string[]>>;
  readonly loAddresses?: readonly string[];
  readonly dryRun?: readonly string[];
  readonly stderrContains?: readonly string[];
}

interface Step {
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly expected: Expected;
}

interface RealCase extends Partial<Step> {
  readonly name: string;
  /** The recorded behaviour is known to be wrong; `INTENDED` says what is right. */
  readonly deviation?: string;
  readonly variant: 'nft' | 'legacy' | 'native' | 'auto';
  readonly namespace: {
    readonly ipv6?: boolean;
    readonly addresses?: readonly string[];
    readonly moreInterfaces?: readonly string[];
  };
  readonly resolvConf?: string;
  readonly steps?: readonly Step[];
}

export function* realRunCases(data: unknown): Iterable<ConformanceCase> {
  for (const item of data as readonly RealCase[]) {
    yield { name: `real run: ${item.name}`, run: () => check(item) };
  }
}

async function check(item: RealCase): Promise<void> {
  if (item.variant === 'native') assert.fail('not supported yet: native nftables');
  assert.equal(namespaceObstacle(), undefined);
  await using namespace = await NetworkNamespace.create();
  await using directory = await temporaryDirectory();
  await namespace.shell(setUp(item, directory.path));
  for (const step of stepsOf(item)) await checkStep(item, step, namespace, directory.path);
}

/** What is right where the recorded run was not. */
const INTENDED: Readonly<Record<string, (steps: readonly Step[]) => readonly Step[]>> = {
  'seq-apply-twice-auto': ([first, second]) =>
    first && second ? [first, { ...second, expected: first.expected }] : assert.fail('two steps'),
  'seq-tproxy-apply-cleanup': ([first, second]) =>
    first && second ? [first, { ...second, expected: { exitCode: 0 } }] : assert.fail('two steps'),
};

function stepsOf(item: RealCase): readonly Step[] {
  const steps = item.steps ?? [{ ...item, expected: item.expected ?? assert.fail('no expectation') }];
  if (item.deviation === undefined) return steps;
  return (INTENDED[item.name] ?? assert.fail(`no intended outcome for ${item.name}`))(steps);
}

function setUp({ namespace, resolvConf }: RealCase, directory: string): string {
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

async function checkStep(
  item: RealCase,
  { args = [], command, env = {}, expected }: Step,
  namespace: NetworkNamespace,
  directory: string,
): Promise<void> {
  const forced = item.variant === 'auto' ? {} : { FORCE_IPTABLES_BINARY: item.variant };
  const given = Object.entries(env).map(([name, value]) => [name, value.replaceAll('${DIR}', directory)]);
  const base = { PATH: process.env['PATH'] ?? '', HOME: directory };
  const [file = '', ...words] = command ?? [process.execPath, AGENT, ...args];
  const { code, stderr } = await namespace.run(file, words, {
    env: { ...base, ...forced, ...Object.fromEntries(given) },
  });
  assert.equal(code, expected.exitCode, stderr);
  for (const text of expected.stderrContains ?? []) assert.ok(stderr.includes(text), stderr);
  if (command === undefined) await checkState(item, expected, namespace);
  if (expected.dryRun !== undefined) {
    const record = await readFile(join(directory, 'dry-run.txt'), 'utf8');
    assert.deepEqual(record.split('\n'), expected.dryRun);
  }
}

async function checkState(item: RealCase, expected: Expected, namespace: NetworkNamespace): Promise<void> {
  const empty: Saved = { v4: '', v6: '' };
  const tool = item.variant === 'legacy' ? 'legacy' : 'nft';
  const other = tool === 'nft' ? 'legacy' : 'nft';
  assert.deepEqual(await savedBy(tool, namespace), expected.save ?? empty);
  assert.deepEqual(await savedBy(other, namespace), expected.saveLegacy ?? empty);
  for (const [family, option] of [
    ['v4', '-4'],
    ['v6', '-6'],
  ] as const) {
    const rules = await namespace.shell(`ip ${option} rule show`);
    assert.deepEqual(extraRules(rules), expected.ipRules?.[family] ?? []);
    const tables = await extraRoutes(namespace, option);
    assert.deepEqual(tables.toSorted(), (expected.ipRoutes?.[family] ?? []).toSorted());
  }
  const onLo = await namespace.shell(
    "ip -6 -o addr show dev lo | awk '{print $4}' | grep -v '^::1/' || true",
  );
  assert.deepEqual(wordsOf(onLo), expected.loAddresses ?? []);
}

async function savedBy(variant: string, namespace: NetworkNamespace): Promise<Saved> {
  const save = async (program: string): Promise<string> =>
    normalSave((await namespace.run(`${program}-${variant}-save`, [])).stdout);
  return { v4: await save('iptables'), v6: await save('ip6tables') };
}

/** Policy rules beside the standard ones, without their priority. */
function extraRules(text: string): readonly string[] {
  const rules = text.split('\n').map((line) => line.replace(/^\d+:\s*/, '').trim());
  return rules.filter((rule) => rule !== '' && !/^from all lookup (?:local|main|default)$/.test(rule));
}

async function extraRoutes(namespace: NetworkNamespace, option: string): Promise<readonly string[]> {
  const routes = await namespace.shell(`ip ${option} route show table all`);
  const lines = routes.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
  return lines.filter((line) => / table (?!local)/.test(line));
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
