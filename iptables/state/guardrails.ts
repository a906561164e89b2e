// The guard rules that hold all traffic while rules are replaced. All of them come and go in one step, so that a run
// that is killed leaves either none or all six, and the next run can tell them from rules of others.
// Upstream counterpart: tools/istio-iptables/pkg/builder BuildGuardrails.

import { undoCommand } from '../rules/commands.ts';
import { tableInput } from '../rules/restore.ts';
import { insert, type Rule, ruleWords } from '../rules/rule.ts';
import type { FamilyTools } from '../tools/family-tools.ts';
import type { State } from './state.ts';

/** They hold all TCP and UDP traffic, so that nothing slips past the proxy. */
export const GUARDRAILS: readonly Rule[] = ['INPUT', 'FORWARD', 'OUTPUT'].flatMap((chain) =>
  ['tcp', 'udp'].map((protocol) =>
    insert('filter', chain, 1, `-p ${protocol} -j DROP`, 'nothing passes while rules are replaced'),
  ),
);

/** @throws CaptureError when they cannot be set */
export async function setGuardrails(tools: FamilyTools, signal: AbortSignal): Promise<void> {
  await tools.restoreQuietly(filterInput(ruleWords), signal);
}

/** Removes all six, or as many as there are; it is not stopped by anything. */
export async function removeGuardrails(tools: FamilyTools): Promise<void> {
  if (await tools.restores(filterInput((rule) => undoCommand(rule).slice(AFTER_TABLE)))) return;
  for (const rule of GUARDRAILS) await tools.succeeds(undoCommand(rule));
}

/** A command begins with `-t TABLE`, a line of restore input does not. */
const AFTER_TABLE = 2;

/** True when all of them are there: a run was killed while it replaced rules. */
export function holdsGuardrails(state: State): boolean {
  const filter = state.get('filter');
  return GUARDRAILS.every(({ chain, spec }) => filter?.get(chain)?.includes(`-A ${chain} ${spec.join(' ')}`));
}

function filterInput(words: (rule: Rule) => readonly string[]): string {
  return tableInput(
    'filter',
    GUARDRAILS.map((rule) => words(rule).join(' ')),
  );
}
