// Renders rules as `iptables-restore --noflush` input, one transaction per family.
// Chains are created with `-N`: the `:CHAIN` form would empty an existing chain even with --noflush.

import type { RuleRow } from './rule.ts';
import { isBuiltIn, jumpTarget, ownedChains, ruleWords } from './rule.ts';
import { wordLine } from './word-line.ts';

/** @returns restore input, each line ended; empty text for no rules */
export function restoreText(rules: readonly RuleRow[]): string {
  const tables = [...new Set(rules.map((rule) => rule.table))].sort();
  return tables.map((table) => tableText(table, rules)).join('');
}

function tableText(table: string, all: readonly RuleRow[]): string {
  const rules = all.filter((rule) => rule.table === table);
  const lines = [
    `* ${table}`,
    ...newChains(rules).map((chain) => `-N ${chain}`),
    ...rules.map((rule) => wordLine(ruleWords(rule))),
    'COMMIT',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Chains with rules first, then jump targets that own none in this table: restore needs both declared. */
export function newChains(rules: readonly RuleRow[]): readonly string[] {
  const targets = rules
    .map(jumpTarget)
    .filter((name) => name !== undefined)
    .filter((name) => !isBuiltIn(name));
  return [...new Set([...ownedChains(rules).map(({ chain }) => chain), ...targets])];
}
