// The kernel's nftables rules as `nft list ruleset` prints them: own tables, and what iptables-nft keeps of ours in
// its own. Pure.

import { OWN_CHAIN_PREFIX } from '../rules/rule.ts';
import { OWN_TABLES } from './transaction.ts';

export interface Ruleset {
  /** Names of own tables that exist. */
  readonly own: ReadonlySet<string>;
  /** The text of own tables, which makes them again. */
  readonly ownText: string;
  /** True when iptables-nft holds chains of a run that used iptables. */
  readonly iptablesChains: boolean;
}

/** @param text of all families; what is of others is skipped unread */
export function parseRuleset(text: string): Ruleset {
  const tables = [...text.matchAll(/^table (\S+ \S+) \{$.*?^\}$/gms)].map(([body, name = '']) => ({
    name,
    body,
    chains: [...body.matchAll(/^\tchain (\S+) \{$/gm)].map(([, chain = '']) => chain),
  }));
  const own = tables.filter(({ name }) => OWN_TABLES.includes(name));
  return {
    own: new Set(own.map(({ name }) => name)),
    ownText: own.map(({ body }) => `${body}\n`).join(''),
    iptablesChains: tables.some(({ chains }) => chains.some((chain) => chain.startsWith(OWN_CHAIN_PREFIX))),
  };
}
