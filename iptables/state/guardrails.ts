// The guard rules that hold all traffic while rules are replaced. All of them come and go in one step, so that a run
// that is killed leaves either none or all six, and the next run can tell them from rules of others.
// Upstream counterpart: tools/istio-iptables/pkg/builder BuildGuardrails.

import { guardrailCommands, guardrailRemovalCommands } from '../rules/commands.ts';
import { tableInput } from '../rules/restore.ts';
import type { FamilyTools } from '../tools/family-tools.ts';
import type { State } from './state.ts';

/** @throws CaptureError when they cannot be set */
export async function setGuardrails(tools: FamilyTools, signal: AbortSignal): Promise<void> {
  await tools.restoreQuietly(filterText(guardrailCommands()), signal);
}

/** Removes all six, or as many as there are; it is not stopped by anything. */
export async function removeGuardrails(tools: FamilyTools): Promise<void> {
  if (await tools.restores(filterText(guardrailRemovalCommands()))) return;
  for (const args of guardrailRemovalCommands()) await tools.succeeds(args);
}

/** True when all of them are there: a run was killed while it replaced rules. */
export function holdsGuardrails(state: State): boolean {
  const filter = state.get('filter');
  return guardrailRemovalCommands().every(([, , , chain = '', ...spec]) =>
    filter?.get(chain)?.includes(['-A', chain, ...spec].join(' ')),
  );
}

/** @param commands each beginning with `-t filter` */
function filterText(commands: readonly (readonly string[])[]): string {
  return tableInput(
    'filter',
    commands.map(([, , ...words]) => words.join(' ')),
  );
}
