// Removes rules: those of a plan, and whatever an older version or other flags left behind. Rules of others stay.

import type { Rule } from '../rules/rule.ts';
import type { FamilyTools } from '../tools/family-tools.ts';
import { leftovers, removalCommands, removalText } from './removal.ts';
import { parseState, type State } from './state.ts';

/**
 * Removes everything of ours, each table in one step; if that is refused, because something changed meanwhile, one by
 * one, and again what came meanwhile.
 *
 * @param rules of this run, which say what of theirs stands alone in chains of others
 * @param before what was there
 * @returns a line per own chain or jump that could not be removed
 */
export async function cleanFamily(
  rules: readonly Rule[],
  before: State,
  tools: FamilyTools,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!(await tools.restores(removalText(rules, before)))) {
    for (const args of removalCommands(rules, before)) await tools.succeeds(args);
  }
  const still = parseState(await tools.save(signal));
  if (leftovers(still).length === 0) return [];
  for (const args of removalCommands([], still)) await tools.succeeds(args);
  return leftovers(parseState(await tools.save(signal)));
}
