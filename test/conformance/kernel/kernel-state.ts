// What a namespace holds after a run, as the tools show it: rules of both iptables variants and of nftables, policy
// rules, routes and addresses on lo. Texts are brought to one comparable form.

import type { NetworkNamespace } from '../../iptables/network-namespace.ts';
import { normalSave } from './save-text.ts';

export interface ByFamily<T> {
  readonly v4: T;
  readonly v6: T;
}

export interface KernelState {
  readonly nft: ByFamily<string>;
  readonly legacy: ByFamily<string>;
  /** Tables of nftables itself. */
  readonly nftRuleset: string;
  readonly ipRules: ByFamily<readonly string[]>;
  readonly ipRoutes: ByFamily<readonly string[]>;
  readonly loAddresses: readonly string[];
}

export async function kernelState(namespace: NetworkNamespace): Promise<KernelState> {
  const lo = await namespace.shell("ip -6 -o addr show dev lo | awk '{print $4}' | grep -v '^::1/' || true");
  return {
    nft: await saved('nft', namespace),
    legacy: await saved('legacy', namespace),
    nftRuleset: nativeTables((await namespace.run('nft', ['list', 'ruleset'])).stdout),
    ipRules: { v4: await policyRules(namespace, '-4'), v6: await policyRules(namespace, '-6') },
    ipRoutes: { v4: await otherRoutes(namespace, '-4'), v6: await otherRoutes(namespace, '-6') },
    loAddresses: lo.split(/\s+/).filter((word) => word !== ''),
  };
}

async function saved(variant: string, namespace: NetworkNamespace): Promise<ByFamily<string>> {
  const save = async (program: string): Promise<string> =>
    normalSave((await namespace.run(`${program}-${variant}-save`, [])).stdout);
  return { v4: await save('iptables'), v6: await save('ip6tables') };
}

/** Without the tables of iptables-nft, which are of the families ip and ip6, and without the values of counters. */
export function nativeTables(text: string): string {
  return text
    .split(/^(?=table )/m)
    .filter((table) => /^table (?!ip6? )/.test(table))
    .join('')
    .replaceAll(/counter packets \d+ bytes \d+/g, 'counter')
    .replaceAll(/\s*# .*$/gm, '')
    .replaceAll(/\n(?=\n)/g, '')
    .trimEnd();
}

/** Beside the standard ones, without their priority. */
async function policyRules(namespace: NetworkNamespace, option: string): Promise<readonly string[]> {
  const text = await namespace.shell(`ip ${option} rule show`);
  const rules = text.split('\n').map((line) => line.replace(/^\d+:\s*/, '').trim());
  return rules.filter((rule) => rule !== '' && !/^from all lookup (?:local|main|default)$/.test(rule));
}

/** Outside the tables main and local, sorted. */
async function otherRoutes(namespace: NetworkNamespace, option: string): Promise<readonly string[]> {
  const routes = await namespace.shell(`ip ${option} route show table all`);
  const lines = routes.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
  return lines.filter((line) => / table (?!local)/.test(line)).sort();
}
