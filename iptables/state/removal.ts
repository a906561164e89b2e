// What has to go of a kernel's state: own chains, jumps into them, and rules of ours that stand alone in chains of
// others. As one restore input, which takes each table's away in one step, and as single commands. Pure.

import type { Arguments } from '../rules/commands.ts';
import { tableInput } from '../rules/restore.ts';
import { isBuiltIn, jumpTarget, OWN_CHAIN_PREFIX, type Rule } from '../rules/rule.ts';
import { shellWords } from '../rules/shell-words.ts';
import { bareRule, ownChains, type State } from './state.ts';
import { type StrayRule, strayRules } from './stray-rules.ts';

/** Own chains and jumps to them, one line each. */
export function leftovers(state: State): readonly string[] {
  return [...state.keys()].flatMap((table) => {
    const found = jumpLines(state, table).map((line) => `${table}: ${line}`);
    return found.concat(ownChains(state, table).map((chain) => `${table}: chain ${chain}`));
  });
}

/** Saved rules in chains of others that lead into an own chain. */
export function jumpLines(state: State, table: string): readonly string[] {
  return [...(state.get(table) ?? [])]
    .filter(([chain]) => !chain.startsWith(OWN_CHAIN_PREFIX))
    .flatMap(([, lines]) => lines)
    .filter((line) => {
      const words = shellWords(line);
      const target = words[words.findIndex((word) => word === '-j' || word === '--jump') + 1];
      return target?.startsWith(OWN_CHAIN_PREFIX) ?? false;
    });
}

/**
 * @param rules of this run, which say what stands alone where nothing else tells
 * @returns restore input; empty when nothing has to go
 */
export function removalText(rules: readonly Rule[], before: State): string {
  return [...removalLines(rules, before)].map(([table, lines]) => tableInput(table, lines)).join('');
}

/** The same one by one, for tools that refuse it as a whole because something has changed meanwhile. */
export function removalCommands(rules: readonly Rule[], before: State): readonly Arguments[] {
  return [...removalLines(rules, before)].flatMap(([table, lines]) =>
    lines.map((line) => ['-t', table, ...shellWords(line)]),
  );
}

/** By table; every chain is emptied before any is deleted: a chain in use cannot be. */
function removalLines(rules: readonly Rule[], before: State): ReadonlyMap<string, readonly string[]> {
  const alone = aloneRules(rules, before);
  return new Map(
    [...before.keys()].map((table) => {
      const own = ownChains(before, table);
      const unlinked = [
        ...alone.filter((rule) => rule.table === table).map(({ line }) => line),
        ...jumpLines(before, table),
      ];
      return [
        table,
        [
          ...unlinked.map(undoLine),
          ...own.map((chain) => `-F ${chain}`),
          ...own.map((chain) => `-X ${chain}`),
        ],
      ];
    }),
  );
}

/** A saved line that takes the rule away again. */
export function undoLine(line: string): string {
  return line.replace(/^\S+/, '-D');
}

/** As often as they are ours: an equal rule that is there more often is somebody else's. */
function aloneRules(rules: readonly Rule[], before: State): readonly StrayRule[] {
  const strays = strayRules(before);
  const unclaimed = strays.map(({ table, line }) => `${table} ${line}`);
  const others = plannedAlone(rules, before).filter(({ table, line }) => {
    const at = unclaimed.indexOf(`${table} ${line}`);
    if (at >= 0) unclaimed.splice(at, 1);
    return at < 0;
  });
  return [...strays, ...others];
}

/**
 * Rules of the plan that neither stand in an own chain nor lead into one, as far as they are saved as planned. One
 * that the plan has twice, for an interface that is excluded and virtual, is found twice.
 */
function plannedAlone(rules: readonly Rule[], before: State): readonly StrayRule[] {
  const alone = rules.filter(
    (rule) => isBuiltIn(rule.chain) && jumpTarget(rule)?.startsWith(OWN_CHAIN_PREFIX) !== true,
  );
  const left = [...before].flatMap(([table, chains]) =>
    [...chains.values()].flat().map((line) => ({ table, line })),
  );
  return alone.flatMap(({ table, chain, spec }) => {
    const planned = bareRule(`-A ${chain} ${spec.join(' ')}`);
    const at = left.findIndex((saved) => saved.table === table && bareRule(saved.line) === planned);
    return at < 0 ? [] : left.splice(at, 1);
  });
}
