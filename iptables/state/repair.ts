// Brings own chains to the wanted rules in one step per table, with traffic flowing: `--reconcile=auto`. Only chains
// with our prefix, and jumps into them, are replaced; a rule that stands alone in a chain of others is added when it
// is missing, and nothing else there is touched.

import { newChains, tableInput } from '../rules/restore.ts';
import { isBuiltIn, jumpTarget, OWN_CHAIN_PREFIX, type Rule, ruleWords } from '../rules/rule.ts';
import { shellLine } from '../rules/shell-words.ts';
import type { FamilyTools } from '../tools/family-tools.ts';
import { Presence } from './presence.ts';
import { jumpLines, undoLine } from './removal.ts';
import { ownChains, type State } from './state.ts';

/** Restore input that makes of `before` what is wanted. */
export async function repairText(rules: readonly Rule[], before: State, tools: FamilyTools): Promise<string> {
  const missing = new Set<Rule>();
  const presence = new Presence(before, (args) => tools.succeeds(args));
  for (const rule of rules) if (!(await standsAlready(rule, presence))) missing.add(rule);
  const tables = new Set([...rules.map(({ table }) => table), ...before.keys()]);
  return [...tables]
    .toSorted()
    .map((table) =>
      repairTable(
        table,
        rules.filter((rule) => rule.table === table && missing.has(rule)),
        before,
      ),
    )
    .join('');
}

function repairTable(table: string, rules: readonly Rule[], before: State): string {
  const old = ownChains(before, table);
  const wanted = newChains(rules);
  return tableInput(table, [
    ...jumpLines(before, table).map(undoLine),
    ...old.map((chain) => `-F ${chain}`),
    ...old.filter((chain) => !wanted.includes(chain)).map((chain) => `-X ${chain}`),
    ...wanted.filter((chain) => !old.includes(chain)).map((chain) => `-N ${chain}`),
    ...rules.map((rule) => shellLine(ruleWords(rule))),
  ]);
}

/** Rules of own chains, and jumps into them, are always made anew. */
async function standsAlready(rule: Rule, presence: Presence): Promise<boolean> {
  if (!isBuiltIn(rule.chain) || jumpTarget(rule)?.startsWith(OWN_CHAIN_PREFIX) === true) return false;
  return presence.has(rule);
}
