// Renders rules as `iptables-restore --noflush` input, one transaction per family.
// Chains are created with `-N`: the `:CHAIN` form would empty an existing chain even with --noflush.

import { isBuiltIn, jumpTarget, ownedChains, ruleWords, type Rule } from './rule.ts';
import { shellLine } from './shell-words.ts';

/**
 * @param isThere chains that exist are emptied instead of made
 * @returns restore input, each line ended; empty text for no rules
 */
export function restoreText(
  rules: readonly Rule[],
  isThere: (table: string, chain: string) => boolean = () => false,
): string {
  const tables = [...new Set(rules.map((rule) => rule.table))].sort();
  return tables
    .map((table) => {
      const own = rules.filter((rule) => rule.table === table);
      const chains = newChains(own).map((chain) => `${isThere(table, chain) ? '-F' : '-N'} ${chain}`);
      return tableInput(table, [...chains, ...own.map((rule) => shellLine(ruleWords(rule)))]);
    })
    .join('');
}

/** Restore input of one table, which is taken as a whole or not at all; empty for no lines. */
export function tableInput(table: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [`* ${table}`, ...lines, 'COMMIT', ''].join('\n');
}

/** The tables of restore input, each with its lines: what tableInput has rendered. */
export function inputTables(
  text: string,
): readonly { readonly table: string; readonly lines: readonly string[] }[] {
  return text
    .split(/^\* ?/m)
    .slice(1)
    .map((part) => {
      const [table = '', ...lines] = part.split('\n').filter((line) => line !== '' && line !== 'COMMIT');
      return { table, lines };
    });
}

/** Chains with rules first, then jump targets that own none in this table: restore needs both declared. */
export function newChains(rules: readonly Rule[]): readonly string[] {
  const targets = rules
    .map(jumpTarget)
    .filter((name) => name !== undefined)
    .filter((name) => !isBuiltIn(name));
  return [...new Set([...ownedChains(rules).map(({ chain }) => chain), ...targets])];
}
