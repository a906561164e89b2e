// Brings planned rules into the kernel: adds what is absent, replaces what differs if that was asked for, one restore
// per family, and finds the way back when a later step fails. What this run did not add is never taken away by its
// failure. Upstream counterpart: tools/istio-iptables/pkg/capture/run.go Run, executeCommands.

import { messageOf } from '../../src/runtime/errors.ts';
import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';
import { cleanupCommands } from '../rules/commands.ts';
import { restoreText } from '../rules/restore.ts';
import type { Rule } from '../rules/rule.ts';
import type { FamilyTools } from '../tools/family-tools.ts';
import { NEVER } from '../tools/retry.ts';
import { cleanFamily } from './cleanup.ts';
import { removeGuardrails, setGuardrails } from './guardrails.ts';
import { ownChains, parseState, type State } from './state.ts';
import type { VerifiedFamily, Verdict } from './verify.ts';

export interface ApplyOptions {
  /** Replace own rules that differ; `auto` without holding traffic, and nothing but own chains. */
  readonly reconcile: boolean | 'auto';
  readonly forceApply: boolean;
  /** Nothing is real, so there is nobody to ask beforehand. */
  readonly dryRun: boolean;
}

/**
 * @param families those with planned rules
 * @returns removes the rules this call added, newest first
 * @throws CaptureError when rules differ and may not be replaced, or when a restore is refused; what this call had
 * added is then removed
 */
export async function applyRules(
  families: readonly VerifiedFamily[],
  verdict: Verdict,
  options: ApplyOptions,
  log: Log,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const { reconcile, forceApply, dryRun } = options;
  if (verdict.residueExists && verdict.deltaExists && reconcile === false) {
    log.warn(
      'reconcile is recommended but no-reconcile flag is set. ' +
        'Unexpected behavior may occur due to preexisting iptables rules',
    );
  }
  if (reconcile === false && !forceApply) families.forEach(refuseDrift);
  await using guards = new AsyncDisposableStack();
  const replaced = reconcile === true ? families.filter(differs) : [];
  await replaceOld(replaced, guards, log, signal);
  const additions = await additionsTo(families, replaced, options);
  if (!dryRun) await rehearse(additions, signal);
  const added = await addRules(additions, log, signal);
  if (forceApply && !verdict.deltaExists) log.warn('forced apply succeeded although the rules were there');
  return added;
}

/** True for own rules that have to go before the wanted ones can come. */
function differs({ conflict, stray }: VerifiedFamily): boolean {
  return conflict !== undefined || stray !== undefined;
}

/** A chain too many in an unplanned table is let be as long as there is something to add. */
function refuseDrift({ conflict, stray, absent, tools }: VerifiedFamily): void {
  const difference = conflict ?? (absent.size === 0 ? stray : undefined);
  if (difference === undefined) return;
  throw new CaptureError(`${tools.label} rules differ from the wanted ones: ${difference}`, {
    id: 'IPT-DRIFT',
  });
}

async function replaceOld(
  families: readonly VerifiedFamily[],
  guards: AsyncDisposableStack,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  for (const { rules, before, tools } of families) {
    const isThere = (table: string, chain: string): boolean => before.get(table)?.has(chain) === true;
    await tools.test(restoreText(rules, isThere), signal); // nothing must go before it is known what can come
  }
  for (const { tools } of families) {
    guards.defer(() => removeGuardrails(tools));
    await setGuardrails(tools, signal);
  }
  for (const { rules, before, tools } of families) {
    const left = await cleanFamily(rules, before, tools, signal);
    if (left.length > 0) log.warn(`old rules could not be removed: ${left.join('; ')}`);
  }
}

interface Addition {
  readonly tools: FamilyTools;
  /** Restore input; nothing is done for an empty one. */
  readonly text: string;
  /** What the text adds to a table that was empty of ours before; this can be taken back. */
  readonly rules: readonly Rule[];
  readonly before: State;
}

async function additionsTo(
  families: readonly VerifiedFamily[],
  replaced: readonly VerifiedFamily[],
  options: ApplyOptions,
): Promise<readonly Addition[]> {
  const additions: Addition[] = [];
  for (const family of families) {
    additions.push(await additionTo(family, options, replaced.includes(family)));
  }
  return additions.filter(({ text }) => text !== '');
}

async function additionTo(
  family: VerifiedFamily,
  { reconcile, forceApply }: ApplyOptions,
  replaced: boolean,
): Promise<Addition> {
  const { tools, before } = family;
  if (replaced)
    return { tools, text: restoreText(family.rules), rules: family.rules, before: parseState('') };
  if (reconcile === 'auto' && differs(family)) {
    const { repairText } = await import('./repair.ts');
    return { tools, text: await repairText(family.rules, before, tools), rules: family.rules, before };
  }
  const rules = forceApply ? family.rules : family.rules.filter(({ table }) => family.absent.has(table));
  return { tools, text: restoreText(rules), rules, before };
}

/** A family that is refused after another one was changed costs a way back: so all but the first are asked before. */
async function rehearse([, ...later]: readonly Addition[], signal: AbortSignal): Promise<void> {
  for (const { tools, text } of later) await tools.test(text, signal);
}

async function addRules(
  additions: readonly Addition[],
  log: Log,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  await using added = new AsyncDisposableStack();
  for (const addition of additions) {
    added.defer(() => takeBack(addition, log));
    await addition.tools.restore(addition.text, signal);
  }
  return added.move();
}

/** A refused restore may have filled some tables: tables whose own chains are new since `before` are emptied. */
async function takeBack({ rules, before, tools }: Addition, log: Log): Promise<void> {
  try {
    const now = parseState(await tools.save(NEVER));
    const isNew = (table: string): boolean =>
      ownChains(before, table).length === 0 && ownChains(now, table).length > 0;
    const added = rules.filter(({ table }) => isNew(table));
    for (const args of cleanupCommands(added)) await tools.succeeds(args);
  } catch (error) {
    // The reason for going back is what the caller must hear; this only says that going back failed too.
    log.error(`${tools.label}: rules of this run may be left: ${messageOf(error)}`);
  }
}
