// The rules in a kernel, read from `iptables-save` output, and the comparison with the rules that are wanted.
// Restore input parses the same way, so both sides of a comparison go through here. Pure.
// Upstream counterpart: tools/istio-iptables/pkg/builder GetStateFromSave, pkg/capture VerifyIptablesState.

import { OWN_CHAIN_PREFIX } from '../rules/rule.ts';

/** Rule lines of one table by chain. A chain of another owner without rules does not appear. */
export type TableState = ReadonlyMap<string, readonly string[]>;

/** By table; the four tables of capture are always present. */
export type State = ReadonlyMap<string, TableState>;

const TABLES: readonly string[] = ['filter', 'mangle', 'nat', 'raw'];

/** Tolerates everything it does not know: other tables, matches of other owners, comments. */
export function parseState(text: string): State {
  const state = new Map(TABLES.map((table) => [table, new Map<string, string[]>()]));
  let table: Map<string, string[]> | undefined;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line.startsWith('*')) table = state.get(line.slice(1).trim());
    else if (table !== undefined) readLine(table, line);
  }
  return state;
}

function readLine(table: Map<string, string[]>, line: string): void {
  const [word = '', second = ''] = line.replaceAll('"', '').split(/\s+/);
  const declared = word.startsWith(':') ? word.slice(1) : second;
  if (word.startsWith(':') || word === '-N') {
    if (declared.startsWith(OWN_CHAIN_PREFIX) && !table.has(declared)) table.set(declared, []);
  } else if (['-A', '-I', '--append', '--insert'].includes(word)) {
    table.set(second, [...(table.get(second) ?? []), line]);
  }
}

/** A saved rule without its comment. */
export function bareRule(line: string): string {
  return line.replace(/ -m comment --comment (?:"(?:\\.|[^"\\])*"|\S+)/, '');
}

/** True when no table holds a rule or an own chain. */
export function isEmptyState(state: State): boolean {
  return [...state.values()].every((table) => table.size === 0);
}

/** True for a dump in which an own chain is declared. */
export function holdsOwnChains(dump: string): boolean {
  return new RegExp(`^:${OWN_CHAIN_PREFIX}`, 'm').test(dump);
}

/** Counting lines would not do: a table that was only looked at is saved too, without rules. */
export function holdsRules(dump: string): boolean {
  return holdsOwnChains(dump) || /^-[AI] /m.test(dump);
}

/** Own chains of one table. */
export function ownChains(state: State, table: string): readonly string[] {
  return [...(state.get(table)?.keys() ?? [])].filter((chain) => chain.startsWith(OWN_CHAIN_PREFIX));
}

/**
 * Compares chains and their number of rules; what the rules say is for verify.ts.
 * Rules of others in built-in chains do not count, nor does the order of rules.
 *
 * @returns a line per difference; none when the state has the wanted shape
 */
export function shapeDifferences(wanted: State, current: State): readonly string[] {
  return [...wanted].flatMap(([table, chains]) => {
    const found = current.get(table) ?? new Map<string, readonly string[]>();
    const known = [...chains].flatMap(([chain, rules]) =>
      chainDifference(table, chain, rules, found.get(chain)),
    );
    const extra = ownChains(current, table).filter((chain) => !chains.has(chain));
    return known.concat(extra.map((chain) => `${table}/${chain} is not wanted`));
  });
}

function chainDifference(
  table: string,
  chain: string,
  wanted: readonly string[],
  found: readonly string[] | undefined,
): string[] {
  if (found === undefined) return [`${table}/${chain} is missing`];
  if (!chain.startsWith(OWN_CHAIN_PREFIX) || wanted.length === found.length) return [];
  return [`${table}/${chain} has ${count(found)} instead of ${wanted.length}`];
}

function count(rules: readonly string[]): string {
  return rules.length === 1 ? '1 rule' : `${rules.length} rules`;
}
