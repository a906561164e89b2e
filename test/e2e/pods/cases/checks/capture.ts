// Whether the kernel has the rules that the arguments of a pod ask for: asked of the agent itself, and read
// independently of it from what iptables shows.

import { type Check, expect } from '../check.ts';
import { captureOf, type CaptureFlags, PROXY, variable } from '../pod-facts.ts';
import { runProgram } from '../programs.ts';

/** Flags that keep a run from applying rules; without them the same words ask for the same rules. */
const VALIDATION_FLAGS = new Set(['--run-validation', '--skip-rule-apply']);

/** `istio-iptables --diff` finds nothing to change, with the words and variables of the container that set the rules. */
export const hasTheRulesOfItsArguments: Check = async ({ pod }) => {
  const { container, args } = captureOf(pod.spec);
  const words = args.filter((word) => !VALIDATION_FLAGS.has(word));
  const env = Object.fromEntries(container.env.map(({ name }) => [name, variable(container, name) ?? '']));
  // inside the image, so that it is its iptables that reads, and its resolv.conf that names the servers
  const inside = ['--target', String(pod.containerPid(PROXY)), '--net', '--mount', 'agent'];
  const { exitCode, stdout, stderr } = await runProgram('nsenter', [...inside, ...words, '--diff'], env);
  expect(exitCode === 0, `--diff ended with ${exitCode}: ${lastLines(stdout + stderr)}`);
  return undefined;
};

/** Every port, user and range of the arguments is in a rule, and no other port is excluded. */
export const hasItsPortsAndUsersInTheKernel: Check = async ({ pod }) => {
  const flags = captureOf(pod.spec);
  const { nat, mangle } = await kernelRules(pod.networkNamespace);
  const rules = [...nat, ...mangle];
  const missing = expectedRules(flags).filter((rule) => !rules.some((line) => line.includes(rule)));
  expect(missing.length === 0, `no rule has ${missing.join(' / ')}`);
  const inbound = flags.mode === 'TPROXY' ? mangle : nat;
  const returns = inbound.filter((line) => /^-A ISTIO_INBOUND .*--dport \d+ -j RETURN/.test(line)).length;
  const excluded = flags.includedInbound.includes('*') ? flags.excludedInbound.length : 0;
  const tunnel = flags.mode === 'TPROXY' ? 0 : 1; // its port is let through in the table nat
  expect(
    returns === excluded + tunnel,
    `${returns} inbound ports are let through, ${excluded + tunnel} were asked for`,
  );
  return `${rules.length} rules`;
};

/** A pod that asked for no capture has its network untouched. */
export const hasNoRules: Check = async ({ pod }) => {
  const { nat, mangle } = await kernelRules(pod.networkNamespace);
  expect(nat.length + mangle.length === 0, `there are rules: ${[...nat, ...mangle].join(' / ')}`);
  return undefined;
};

interface KernelRules {
  readonly nat: readonly string[];
  readonly mangle: readonly string[];
}

async function kernelRules(namespace: string): Promise<KernelRules> {
  const table = async (name: string): Promise<readonly string[]> => {
    const words = [`--net=${namespace}`, 'iptables-nft-save', '-t', name];
    const { exitCode, stdout, stderr } = await runProgram('nsenter', words);
    expect(exitCode === 0, `iptables-nft-save ended with ${exitCode}: ${stderr}`);
    return stdout.split('\n').filter((line) => line.startsWith('-A '));
  };
  return { nat: await table('nat'), mangle: await table('mangle') };
}

/** Pieces of rules that have to be there, as iptables writes them. */
function expectedRules(flags: CaptureFlags): readonly string[] {
  const { mode, outboundPort, inboundPort, users } = flags;
  const taken = mode === 'TPROXY' ? `--on-port ${inboundPort} ` : `--to-ports ${inboundPort}`;
  return [
    `--to-ports ${outboundPort}`,
    taken,
    ...users.map((user) => `-A ISTIO_OUTPUT -m owner --uid-owner ${user} -j RETURN`),
    ...inboundPieces(flags),
    ...flags.excludedOutbound.map((port) => `-A ISTIO_OUTPUT -p tcp -m tcp --dport ${port} -j RETURN`),
    ...flags.excludedRanges.map((range) => `-A ISTIO_OUTPUT -d ${network(range)} -j RETURN`),
    ...flags.includedRanges.map((range) =>
      range === '*'
        ? '-A ISTIO_OUTPUT -j ISTIO_REDIRECT'
        : `-A ISTIO_OUTPUT -d ${network(range)} -j ISTIO_REDIRECT`,
    ),
  ];
}

function inboundPieces({ mode, includedInbound, excludedInbound }: CaptureFlags): readonly string[] {
  const rule = (port: string, target: string): string =>
    `-A ISTIO_INBOUND -p tcp -m tcp --dport ${port} -j ${target}`;
  if (includedInbound.includes('*')) return excludedInbound.map((port) => rule(port, 'RETURN'));
  const target = mode === 'TPROXY' ? 'ISTIO_TPROXY' : 'ISTIO_IN_REDIRECT';
  return includedInbound.map((port) => rule(port, target));
}

/** An IPv4 range as the kernel keeps it, its host bits cleared: `10.96.0.1/24` is 10.96.0.0/24. */
function network(range: string): string {
  const [address = '', length = '32'] = range.split('/');
  const bits = address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
  const hosts = 2 ** (32 - Number(length));
  const first = Math.floor(bits / hosts) * hosts;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${length}`;
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' / ');
}
