// Removes rules: those of a plan, and whatever own chains and jumps an older version or other flags left behind.
// Only names with our prefix are touched; rules of others stay.

import type { Arguments } from './commands.ts';
import { cleanupCommands } from './commands.ts';
import type { FamilyTools } from './family-tools.ts';
import type { Rule } from './rule-list.ts';
import { OWN_CHAIN_PREFIX } from './rule-list.ts';
import { ownChains, parseState, type State } from './state.ts';

/**
 * Undoes the plan, then removes what is still there of ours. Rules that are not there are not an error.
 *
 * @param before what was there; when it holds nothing of ours, no second look is taken
 * @returns a line per own chain or jump that could not be removed
 */
export async function cleanFamily(
  rules: readonly Rule[],
  before: State,
  tools: FamilyTools,
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (const args of cleanupCommands(rules)) await tools.succeeds(args);
  if (leftovers(before).length === 0) return [];
  const still = parseState(await tools.save(signal));
  if (leftovers(still).length === 0) return [];
  for (const args of leftoverCommands(still)) await tools.succeeds(args);
  return leftovers(parseState(await tools.save(signal)));
}

/** Own chains and jumps to them, one line each. */
export function leftovers(state: State): readonly string[] {
  return [...state.keys()].flatMap((table) => {
    const found = jumpLines(state, table).map((line) => `${table}: ${line}`);
    return found.concat(ownChains(state, table).map((chain) => `${table}: chain ${chain}`));
  });
}

/** Jumps first, then every chain is emptied before any is deleted: a chain in use cannot be. */
export function leftoverCommands(state: State): readonly Arguments[] {
  return [...state.keys()].flatMap((table) => {
    const chains = ownChains(state, table);
    const unlink = jumpLines(state, table).map((line) => shellWords(line).with(0, '-D'));
    const flush = chains.map((chain) => ['-F', chain]);
    const drop = chains.map((chain) => ['-X', chain]);
    return unlink.concat(flush, drop).map((words) => ['-t', table].concat(words));
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

/** Words as a shell would split them: saved comments hold blanks, quotes and escapes. */
export function shellWords(line: string): string[] {
  const pattern = /(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g;
  return [...line.matchAll(pattern)].map(([word]) =>
    word.replaceAll(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
      (_all, double?: string, single?: string, one?: string) =>
        double === undefined ? (single ?? one ?? '') : double.replaceAll(/\\(.)/g, '$1'),
    ),
  );
}
