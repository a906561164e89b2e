// Rules as single `iptables` command lines: to check, undo and clean up. Pure; every form is derived from the same
// rows that restore.ts renders.

import {
  isBuiltIn,
  jumpTarget,
  OWN_CHAIN_PREFIX,
  ownedChains,
  specWords,
  type Rule,
  type TableChain,
} from './rule.ts';

/** Arguments of one `iptables` call. */
export type Arguments = readonly string[];

/** Exit 0 when the rule exists. */
export function checkCommands(rules: readonly Rule[]): readonly Arguments[] {
  return rules.map((rule) => ['-t', rule.table, '-C', rule.chain, ...specWords(rule)]);
}

/** Removes the rules in reverse order, then empties and deletes the chains that held them. */
export function cleanupCommands(rules: readonly Rule[]): readonly Arguments[] {
  const reversed = rules.toReversed();
  const undo = reversed.filter(needsUndo).map(undoCommand);
  return [...undo, ...ownedChains(reversed).flatMap(dropChain)];
}

/** Removes the rule by what it says, wherever it stands. */
export function undoCommand(rule: Rule): Arguments {
  return ['-t', rule.table, '-D', rule.chain, ...specWords(rule)];
}

/** A rule inside an own chain goes when the chain is emptied, except a jump that would keep its target busy. */
function needsUndo(rule: Rule): boolean {
  if (!rule.chain.startsWith(OWN_CHAIN_PREFIX)) return true;
  return jumpTarget(rule)?.startsWith(OWN_CHAIN_PREFIX) ?? false;
}

function dropChain({ table, chain }: TableChain): readonly Arguments[] {
  if (isBuiltIn(chain)) return [];
  return [
    ['-t', table, '-F', chain],
    ['-t', table, '-X', chain],
  ];
}
