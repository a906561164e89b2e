// Rules as chains in the order in which a packet meets them, from each of the four places they can come from.

import { listedChains } from '../nft/listing.ts';
import type { NftRow } from '../nft/row.ts';
import { type Rule, ruleWords } from '../rules/rule.ts';
import { shellLine } from '../rules/shell-words.ts';
import { parseState } from '../state/state.ts';
import { NO_NAMES, type OwnerIds, readIptablesRule, readSavedRule } from './iptables-words.ts';
import { readNftRule } from './nft-words.ts';
import type { ReadRule } from './read-rule.ts';

export type Chains = ReadonlyMap<string, readonly ReadRule[]>;

export interface RuleSet {
  readonly kind: 'iptables' | 'nftables';
  /** By table: raw, mangle, nat, and in iptables filter. */
  readonly tables: ReadonlyMap<string, Chains>;
}

type Placed = ReadRule & { readonly at?: number };

/** Inserts are applied: what was planned later may stand first. */
export function plannedIptables(rows: readonly Rule[], ids: OwnerIds = NO_NAMES): RuleSet {
  const rules = rows.map((row): Placed => ({
    ...readIptablesRule(row, row.spec, shellLine(ruleWords(row)), ids),
    why: row.why,
    ...(row.position !== undefined && { at: row.position - 1 }),
  }));
  return { kind: 'iptables', tables: inChains(rules) };
}

export function plannedNftables(rows: readonly NftRow[]): RuleSet {
  const rules = rows.map((row): Placed => ({
    ...readNftRule(row, row.expression),
    why: row.why,
    ...(row.index !== undefined && { at: row.index }),
  }));
  return { kind: 'nftables', tables: inChains(rules) };
}

/** @param dump what `iptables-save` printed; of others' chains only those that hold rules are seen */
export function savedIptables(dump: string, ids: OwnerIds = NO_NAMES): RuleSet {
  const chains = [...parseState(dump)].flatMap(([table, byName]) =>
    [...byName].map(([chain, lines]): ReadChain => ({
      table,
      chain,
      rules: lines.map((line) => readSavedRule({ table, chain }, line, ids)),
    })),
  );
  return { kind: 'iptables', tables: byTable(chains) };
}

/** @param listing what `nft list ruleset` printed; tables of others are skipped */
export function listedNftables(listing: string): RuleSet {
  const chains = listedChains(listing).map(({ table, chain, lines }): ReadChain => ({
    table,
    chain,
    rules: lines.map((line) => readNftRule({ table, chain }, line)),
  }));
  return { kind: 'nftables', tables: byTable(chains) };
}

interface ReadChain {
  readonly table: string;
  readonly chain: string;
  readonly rules: readonly ReadRule[];
}

function byTable(chains: readonly ReadChain[]): ReadonlyMap<string, Chains> {
  const tables = new Map<string, Map<string, readonly ReadRule[]>>();
  for (const { table, chain, rules } of chains) {
    tables.set(table, (tables.get(table) ?? new Map()).set(chain, rules));
  }
  return tables;
}

/** An insert beyond the end is an append. */
function inChains(rules: readonly Placed[]): ReadonlyMap<string, Chains> {
  const chains = new Map<string, { table: string; chain: string; rules: ReadRule[] }>();
  for (const { at, ...rule } of rules) {
    const key = `${rule.table} ${rule.chain}`;
    const place = chains.get(key) ?? { table: rule.table, chain: rule.chain, rules: [] };
    place.rules.splice(at ?? place.rules.length, 0, rule);
    chains.set(key, place);
  }
  return byTable([...chains.values()]);
}
