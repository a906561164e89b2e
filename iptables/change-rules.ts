// One run on the tools of both families: compare what is there with what is wanted, then apply or clean up.

import { messageOf } from '../src/runtime/errors.ts';
import type { Log } from '../src/runtime/log.ts';
import { CaptureError } from './errors.ts';
import { removeOldRoutes } from './routes.ts';
import { cleanupCommands } from './rules/commands.ts';
import { planRules } from './rules/plan.ts';
import { FAMILIES } from './rules/rule.ts';
import type { CaptureConfig } from './settings/capture-config.ts';
import type { CaptureRequest } from './settings/capture-request.ts';
import { applyRules } from './state/apply.ts';
import { cleanFamily } from './state/cleanup.ts';
import { holdsGuardrails, removeGuardrails } from './state/guardrails.ts';
import { leftovers } from './state/removal.ts';
import { parseState } from './state/state.ts';
import { tproxyMarks } from './state/stray-rules.ts';
import {
  combineVerdicts,
  type PresentFamily,
  readState,
  type VerifiedFamily,
  verifyFamily,
} from './state/verify.ts';
import { FamilyTools } from './tools/family-tools.ts';
import { NEVER, type PatienceDeps } from './tools/retry.ts';
import type { Variants } from './tools/variants.ts';

export type ChangeOptions = Pick<CaptureRequest, 'cleanup' | 'reconcile' | 'forceApply' | 'dryRun'>;

/** @returns takes back the rules this call added */
export async function changeRules(
  deps: PatienceDeps,
  config: CaptureConfig,
  options: ChangeOptions,
  variants: Variants,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const planned = plannedFamilies(deps, config, variants);
  try {
    const families: PresentFamily[] = [];
    for (const { dump, ...family } of planned) {
      const before = dump === undefined ? await readState(family.tools, deps.log, signal) : parseState(dump);
      families.push({ ...family, before });
    }
    await removeLeftGuardrails(families, deps.log);
    if (options.cleanup === 'no') return await addAll(deps, config, options, families, signal);
    const captured = families.filter(({ rules }) => rules.length > 0);
    await cleanAll(captured, options.dryRun, deps.log, signal);
    await removeOldRoutes(deps, marksOf(captured), config);
    return new AsyncDisposableStack();
  } finally {
    for (const { family, tools } of planned) {
      if (family === 'v4' || config.enableIPv6) await logFinalState(tools, deps.log);
    }
  }
}

interface PlannedFamily extends Omit<PresentFamily, 'before'> {
  /** What was saved while the variant was looked for. */
  readonly dump: string | undefined;
}

/** Those with tools. */
function plannedFamilies(
  deps: PatienceDeps,
  config: CaptureConfig,
  variants: Variants,
): readonly PlannedFamily[] {
  const plan = planRules(config);
  return FAMILIES.flatMap((family) => {
    const variant = variants[family];
    if (variant === undefined) return [];
    return [
      { family, rules: plan[family], tools: new FamilyTools({ ...deps, variant }), dump: variant.dump },
    ];
  });
}

async function addAll(
  deps: PatienceDeps,
  config: CaptureConfig,
  options: ChangeOptions,
  present: readonly PresentFamily[],
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const families: VerifiedFamily[] = [];
  for (const family of present) families.push(await verifyFamily(family, deps.log, signal));
  const verdict = combineVerdicts(families, deps.log);
  const captured = families.filter(({ rules }) => rules.length > 0);
  await using added = await applyRules(captured, verdict, options, deps.log, signal);
  if (options.reconcile === true) await removeOldRoutes(deps, marksOf(captured), config);
  return added.move();
}

function marksOf(families: readonly PresentFamily[]): readonly number[] {
  return [...new Set(families.flatMap(({ before }) => tproxyMarks(before)))];
}

/** Guards that a killed run left behind would hold all traffic for ever. */
async function removeLeftGuardrails(families: readonly PresentFamily[], log: Log): Promise<void> {
  for (const { tools } of families.filter(({ before }) => holdsGuardrails(before))) {
    log.warn(`${tools.label}: removing the traffic guards of a run that was killed`);
    await removeGuardrails(tools);
  }
}

/** @param imagined nothing is there to be found; what is undone is the plan */
async function cleanAll(
  families: readonly PresentFamily[],
  imagined: boolean,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const left: string[] = [];
  for (const { rules, before, tools } of families) {
    if (imagined) {
      for (const args of cleanupCommands(rules)) await tools.succeeds(args);
      continue;
    }
    if (leftovers(before).length === 0) {
      log.info(`${tools.label}: there is nothing of ours to remove`);
      continue;
    }
    const lines = await cleanFamily(rules, before, tools, signal);
    if (lines.length === 0) log.info(`${tools.label}: everything of ours was removed`);
    left.push(...lines.map((line) => `${tools.label} ${line}`));
  }
  if (left.length === 0) return;
  throw new CaptureError(`cleanup could not remove: ${left.join('; ')}`, { id: 'IPT-CLEANUP' });
}

async function logFinalState(tools: FamilyTools, log: Log): Promise<void> {
  try {
    log.info(`Final iptables state (${tools.label}):\n${(await tools.save(NEVER)).trimEnd()}`);
  } catch (error) {
    log.debug(`the final state cannot be read: ${messageOf(error)}`); // the run's own error was told already
  }
}
