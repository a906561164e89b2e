// Capture by iptables: find the tools of both families, compare what is there with what is wanted, then apply or
// clean up. Upstream counterpart: tools/istio-iptables/pkg/capture/run.go Run.

import { messageOf } from '../src/runtime/errors.ts';
import type { Log } from '../src/runtime/log.ts';
import { applyRules, type FamilyState } from './state/apply.ts';
import { cleanFamily } from './state/cleanup.ts';
import type { CaptureConfig } from './settings/capture-config.ts';
import { CaptureError } from './errors.ts';
import { FamilyTools } from './tools/family-tools.ts';
import { holdsGuardrails, removeGuardrails } from './state/guardrails.ts';
import { leftovers } from './state/removal.ts';
import type { CaptureRequest } from './settings/capture-request.ts';
import { NEVER, type PatienceDeps } from './tools/retry.ts';
import { settleNativeTables } from './nft/native-tables.ts';
import { removeOldRoutes } from './routes.ts';
import { FAMILIES, type Family, type RulePlan } from './rules/rule.ts';
import { planRules } from './rules/plan.ts';
import { tproxyMarks } from './state/stray-rules.ts';
import type { Variant } from './tools/variant.ts';
import { type DetectionOptions, detectVariants, type Variants } from './tools/variants.ts';
import { combineVerdicts, type Verdict, verifyFamily } from './state/verify.ts';

export type BackendOptions = Pick<CaptureRequest, 'cleanup' | 'reconcile' | 'forceApply' | 'dryRun'>;

/**
 * Sets or removes the rules.
 *
 * @returns takes back the rules this call added
 * @throws CaptureError when no tools can be used, or a change is refused; what this call added is then gone
 */
export async function changeByIptables(
  deps: PatienceDeps,
  config: CaptureConfig,
  options: BackendOptions & DetectionOptions & Pick<CaptureRequest, 'cniMode'>,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const [variants] = await Promise.all([
    detectVariants(deps, config, options, signal),
    settleNativeTables(deps, options),
  ]);
  return changeRules(deps, config, options, variants, signal);
}

/** The same with variants that are known. @returns takes back the rules this call added */
export async function changeRules(
  deps: PatienceDeps,
  config: CaptureConfig,
  options: BackendOptions,
  variants: Variants,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const tools = { v4: toolsOf(deps, variants.v4), v6: toolsOf(deps, variants.v6) };
  try {
    const { families, verdict } = await verifyAll(deps, plan(config, variants), variants, tools, signal);
    await removeLeftGuardrails(families, deps.log);
    const planned = families.filter(({ rules }) => rules.length > 0);
    if (options.cleanup === 'no') {
      await using added = await applyRules(planned, verdict, options, deps.log, signal);
      if (options.reconcile === true) await removeOldRoutes(deps, marksOf(planned), config);
      return added.move();
    }
    await cleanAll(planned, variants, signal);
    await removeOldRoutes(deps, marksOf(planned), config);
    return new AsyncDisposableStack();
  } finally {
    await logFinalState(tools.v4, deps.log);
    if (config.enableIPv6) await logFinalState(tools.v6, deps.log);
  }
}

function plan(config: CaptureConfig, variants: Variants): RulePlan {
  const { v4, v6 } = planRules(config);
  return { v4: variants.v4 === undefined ? [] : v4, v6: variants.v6 === undefined ? [] : v6 };
}

function toolsOf(deps: PatienceDeps, variant: Variant | undefined): FamilyTools | undefined {
  return variant && new FamilyTools({ ...deps, variant });
}

async function verifyAll(
  { log }: PatienceDeps,
  rules: RulePlan,
  variants: Variants,
  tools: Readonly<Record<Family, FamilyTools | undefined>>,
  signal: AbortSignal,
): Promise<{ readonly families: readonly FamilyState[]; readonly verdict: Verdict }> {
  const verdicts = [];
  const families: FamilyState[] = [];
  for (const family of FAMILIES) {
    const verdict = await verifyFamily(rules[family], tools[family], log, signal, variants[family]?.dump);
    verdicts.push(verdict);
    if (tools[family] !== undefined) families.push({ ...verdict, family, tools: tools[family] });
  }
  return { families, verdict: combineVerdicts(verdicts, log) };
}

function marksOf(families: readonly FamilyState[]): readonly number[] {
  return [...new Set(families.flatMap(({ before }) => tproxyMarks(before)))];
}

/** Guards that a killed run left behind would hold all traffic for ever. */
async function removeLeftGuardrails(families: readonly FamilyState[], log: Log): Promise<void> {
  for (const { tools } of families.filter(({ before }) => holdsGuardrails(before))) {
    log.warn(`${tools.label}: removing the traffic guards of a run that was killed`);
    await removeGuardrails(tools);
  }
}

async function cleanAll(
  families: readonly FamilyState[],
  variants: Variants,
  signal: AbortSignal,
): Promise<void> {
  const left: string[] = [];
  for (const { family, rules, before, tools } of families) {
    const known = variants[family]?.dump !== undefined;
    if (known && leftovers(before).length === 0) continue; // nothing of ours, so nothing may be removed
    const lines = await cleanFamily(rules, before, tools, signal);
    left.push(...lines.map((line) => `${tools.label} ${line}`));
  }
  if (left.length === 0) return;
  throw new CaptureError(`cleanup could not remove: ${left.join('; ')}`, { id: 'IPT-CLEANUP' });
}

async function logFinalState(tools: FamilyTools | undefined, log: Log): Promise<void> {
  if (tools === undefined) return;
  try {
    log.info(`Final iptables state (${tools.label}):\n${(await tools.save(NEVER)).trimEnd()}`);
  } catch (error) {
    log.debug(`the final state cannot be read: ${messageOf(error)}`); // the run's own error was told already
  }
}
