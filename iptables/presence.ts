// Whether a rule stands in the kernel, commented or not: a comment changes nothing about what a rule does, but the
// tools take rules with different comments for different ones.

import { type Arguments, checkCommands } from './commands.ts';
import { readIptablesRule } from './model/iptables-words.ts';
import { meaningOf } from './model/read-rule.ts';
import type { RuleRow } from './rule-list.ts';
import { shellWords } from './shell-words.ts';
import type { State } from './state.ts';

/** @param saved read before; only asked when a comment may be what the tool does not find */
export async function isPresent(
  rule: RuleRow,
  saved: State,
  succeeds: (args: Arguments) => Promise<boolean>,
): Promise<boolean> {
  const [check = []] = checkCommands([rule]);
  return (await succeeds(check)) || standsCommented(rule, saved);
}

/** By meaning, where either side has a comment. */
function standsCommented(rule: RuleRow, saved: State): boolean {
  const wanted = meaningOf(readIptablesRule(rule, rule.spec, ''));
  const lines = saved.get(rule.table)?.get(rule.chain) ?? [];
  return lines
    .map((line) => readIptablesRule(rule, shellWords(line).slice(2), line))
    .filter(({ comment }) => comment !== undefined || rule.comment !== undefined)
    .some((found) => meaningOf(found) === wanted);
}
