// A pod whose rules are set by the product itself, one random configuration after the other, and calls that are
// compared with their explanation.

import * as fc from 'fast-check';

import {
  type CaptureConfig,
  type CaptureSettings,
  resolveCapture,
} from '../../../../iptables/settings/capture-config.ts';
import { type Packet, packetFamily } from '../../../../iptables/explain/packet.ts';
import {
  listedNftables,
  plannedIptables,
  plannedNftables,
  savedIptables,
} from '../../../../iptables/model/rule-set.ts';
import { planNftRules } from '../../../../iptables/nft/plan.ts';
import { planRules } from '../../../../iptables/rules/plan.ts';
import { type Backend, runInPod } from '../pod-run.ts';
import { ADDRESSES, APPLICATION, onAll, PodAndPeer, PROXY, ROOT_PROXY } from '../pod-and-peer.ts';
import type { ListeningSocket } from '../capture-host.ts';
import { anyFlow, type AnyFlow, anyPodSettings, LOCAL_RESOLVER, PORTS } from './any-flows.ts';
import { type BothRules, type Compared, compareFlow } from './comparison.ts';

export type Mode = 'REDIRECT' | 'TPROXY';

export interface Amount {
  readonly configurations: number;
  /** Per configuration. */
  readonly flows: number;
  readonly seed: number;
}

export interface Comparison {
  /** A line for every call that did not do what was explained. */
  readonly disagreements: readonly string[];
  /** Every verdict that was explained, once. */
  readonly verdicts: readonly string[];
}

export async function compareFlows(backend: Backend, mode: Mode, amount: Amount): Promise<Comparison> {
  await using hosts = await PodAndPeer.silent();
  await listen(hosts, mode);
  const compared: Compared[] = [];
  for (const [settings, flows] of samples(mode, amount)) {
    await set(hosts, backend, settings, 'no');
    const rules = await rulesOf(hosts, backend, resolveCapture(settings));
    // Without IPv6 rules the pod does not have the address that the proxy hands over from.
    const possible = flows.filter(
      ({ source }) => settings.enableIPv6 || source !== ADDRESSES.IPv6.passthrough,
    );
    compared.push(...(await Promise.all(possible.map((flow) => compareFlow(hosts, flow, rules)))));
    await set(hosts, backend, settings, 'only');
  }
  return {
    disagreements: compared.flatMap(({ disagreement }) => disagreement ?? []),
    verdicts: [...new Set(compared.map(({ verdict }) => verdict))].toSorted(),
  };
}

function samples(mode: Mode, amount: Amount): readonly (readonly [CaptureSettings, readonly AnyFlow[]])[] {
  const { configurations, flows, seed } = amount;
  const calls = fc.array(anyFlow, { minLength: flows, maxLength: flows });
  return fc.sample(fc.tuple(anyPodSettings(mode), calls), { seed, numRuns: configurations });
}

async function listen({ pod, peer }: PodAndPeer, mode: Mode): Promise<void> {
  const root = { uid: 0, gid: 0 };
  const tproxy = mode === 'TPROXY';
  const everywhere = (address: string): readonly ListeningSocket[] =>
    PORTS.map((port) => ({ protocol: 'udp', address, port }));
  const own = Object.values(ADDRESSES).flatMap((addresses) => [addresses.pod, addresses.loopback]);
  const others = Object.values(ADDRESSES).flatMap(({ peer: one, peerElsewhere }) => [one, peerElsewhere]);
  const streams = PORTS.flatMap((port) => onAll('tcp', port));
  await Promise.all([
    pod.listen(tproxy ? ROOT_PROXY : PROXY, [
      ...onAll('tcp', 15_001),
      ...onAll('tcp', 15_006, { transparent: tproxy }),
      ...Object.values(ADDRESSES).flatMap(({ loopback }): readonly ListeningSocket[] => [
        { protocol: 'tcp', address: loopback, port: 15_053 },
        { protocol: 'udp', address: loopback, port: 15_053 },
      ]),
      ...streams.filter(({ port }) => port === 15_008),
    ]),
    pod.listen(
      APPLICATION,
      streams.filter(({ port }) => port !== 53 && port !== 15_008),
    ),
    pod.listen(root, [
      ...streams.filter(({ port }) => port === 53),
      ...[...own, LOCAL_RESOLVER].flatMap(everywhere),
    ]),
    peer.listen(root, [...streams, ...others.flatMap(everywhere)]),
  ]);
}

async function set(
  { pod }: PodAndPeer,
  backend: Backend,
  settings: CaptureSettings,
  cleanup: 'no' | 'only',
): Promise<void> {
  const { error } = await runInPod(pod.namespace, backend, settings, { cleanup });
  if (error !== undefined) throw error;
}

/** What is planned, and what the kernel lists once it is set. */
async function rulesOf(
  { pod }: PodAndPeer,
  backend: Backend,
  config: CaptureConfig,
): Promise<(packet: Packet) => BothRules> {
  if (backend === 'native') {
    const both = {
      planned: plannedNftables(planNftRules(config)),
      live: listedNftables(await pod.namespace.shell('nft -s list ruleset')),
    };
    return () => both;
  }
  const plan = planRules(config);
  const save = (program: string): Promise<string> => pod.namespace.shell(`${program}-${backend}-save`);
  const dumps = { v4: await save('iptables'), v6: await save('ip6tables') };
  return (packet) => {
    const family = packetFamily(packet);
    return { planned: plannedIptables(plan[family]), live: savedIptables(dumps[family]) };
  };
}
