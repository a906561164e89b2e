// Brings planned rules into the kernel: guards, replacement of old ones, one restore per family, and the way back
// when a later step fails. What this run did not add is never taken away by its failure.
// Upstream counterpart: tools/istio-iptables/pkg/capture/run.go Run, executeCommands.

import { messageOf } from '../src/runtime/errors.ts';
import type { Log } from '../src/runtime/log.ts';
import { cleanFamily } from './cleanup.ts';
import { cleanupCommands, guardrailCommands, guardrailRemovalCommands } from './commands.ts';
import type { FamilyTools } from './family-tools.ts';
import { restoreText } from './restore.ts';
import { ownChains, parseState, type State } from './state.ts';
import type { FamilyVerdict, Verdict } from './verify.ts';

/** One family with usable tools and what verification found. */
export interface FamilyState extends FamilyVerdict {
  readonly tools: FamilyTools;
}

export interface ApplyOptions {
  readonly reconcile: boolean;
  readonly forceApply: boolean;
}

/**
 * @param families those with planned rules
 * @returns removes the rules this call added, newest first
 * @throws CaptureError when a restore is refused; what this call had added is then removed
 */
export async function applyRules(
  families: readonly FamilyState[],
  verdict: Verdict,
  options: ApplyOptions,
  log: Log,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const different = families.filter(({ delta }) => delta || options.forceApply);
  const drifted = verdict.residueExists && verdict.deltaExists;
  if (drifted && !options.reconcile) {
    log.warn(
      'reconcile is recommended but no-reconcile flag is set. ' +
        'Unexpected behavior may occur due to preexisting iptables rules',
    );
  }
  await using guards = new AsyncDisposableStack();
  const replaced = drifted && options.reconcile;
  if (replaced) await replaceOld(different, guards, log, signal);
  const added = await addRules(different, replaced, log, signal);
  if (options.forceApply && !verdict.deltaExists)
    log.warn('forced apply succeeded although the rules were there');
  return added;
}

async function replaceOld(
  families: readonly FamilyState[],
  guards: AsyncDisposableStack,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (const { tools } of families) {
    await removeGuardrails(tools);
    guards.defer(() => removeGuardrails(tools));
    for (const args of guardrailCommands()) await tools.change(args, signal);
  }
  for (const { rules, before, tools } of families) {
    const left = await cleanFamily(rules, before, tools, signal);
    if (left.length > 0) log.warn(`old rules could not be removed: ${left.join('; ')}`);
  }
}

async function addRules(
  families: readonly FamilyState[],
  replaced: boolean,
  log: Log,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  await using added = new AsyncDisposableStack();
  for (const family of families) {
    const before = replaced ? parseState('') : family.before;
    added.defer(() => takeBack({ ...family, before }, log));
    await family.tools.restore(restoreText(family.rules), signal);
  }
  return added.move();
}

/** A refused restore may have filled some tables: tables whose own chains are new since `before` are emptied. */
async function takeBack({ rules, before, tools }: FamilyState, log: Log): Promise<void> {
  try {
    const now = parseState(await tools.save(AbortSignal.any([])));
    const isNew = (table: string): boolean =>
      ownChains(before, table).length === 0 && ownChains(now, table).length > 0;
    const added = rules.filter(({ table }) => isNew(table));
    for (const args of cleanupCommands(added)) await tools.succeeds(args);
  } catch (error) {
    // The reason for going back is what the caller must hear; this only says that going back failed too.
    log.error(`${tools.label}: rules of this run may be left: ${messageOf(error)}`);
  }
}

/** Guards that a killed run left behind would hold all traffic for ever. */
export async function removeLeftGuardrails(families: readonly FamilyState[], log: Log): Promise<void> {
  for (const { tools } of families.filter(({ before }) => holdsGuardrails(before))) {
    log.warn(`${tools.label}: removing the traffic guards of a run that was killed`);
    await removeGuardrails(tools);
  }
}

function holdsGuardrails(state: State): boolean {
  const filter = state.get('filter');
  return guardrailRemovalCommands().every(([, , , chain = '', ...spec]) =>
    filter?.get(chain)?.includes(['-A', chain, ...spec].join(' ')),
  );
}

async function removeGuardrails(tools: FamilyTools): Promise<void> {
  for (const args of guardrailRemovalCommands()) await tools.succeeds(args);
}
