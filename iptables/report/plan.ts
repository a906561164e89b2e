// `--plan`: what a run with these flags would do to this kernel. The run itself is made, on a copy of the rules; only
// what reads is ever started.

import { plainLog } from '../../src/runtime/log.ts';
import { changeRules } from '../backend.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { CaptureError } from '../errors.ts';
import type { CaptureJob } from '../job.ts';
import { savedIptables } from '../model/rule-set.ts';
import { planNftRules } from '../nft/plan.ts';
import { applyText, cleanupText, tableName } from '../nft/transaction.ts';
import type { PlanForm, ReportRequest } from '../settings/capture-request.ts';
import { FAMILIES } from '../rules/rule.ts';
import { addRoutes, removeRoutes } from '../routes.ts';
import { isEmptyState, parseState } from '../state/state.ts';
import { type ComparedChain, type ComparedRule, compareRules } from './compare.ts';
import { KernelCopy } from './kernel-copy.ts';
import { type Plan, planCommands, planData, planRestore, planText, type PlanSide } from './plan-forms.ts';
import type { ReportDeps } from './report-deps.ts';
import { readSides, type Side } from './sides.ts';

type PlanRequest = Extract<ReportRequest, { readonly kind: 'plan' }>;

const FORMS: Readonly<Record<PlanForm, (plan: Plan) => readonly string[]>> = {
  text: planText,
  json: (plan) => [JSON.stringify(planData(plan), undefined, 2)],
  restore: planRestore,
  commands: planCommands,
  nft: ({ transaction = '' }) => transaction.split('\n').filter((line) => line !== ''),
};

/** @throws CaptureError when the kernel's rules cannot be read; a run that would fail is a plan like any other */
export async function plan(
  deps: ReportDeps,
  job: CaptureJob,
  { form }: PlanRequest,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<void> {
  const native = form === 'nft' || job.request.nativeNftables;
  const asked: CaptureJob = { ...job, request: { ...job.request, nativeNftables: native } };
  const sides = await readSides(deps, asked, config, signal);
  const made = await planOf(deps, asked, config, sides, signal);
  FORMS[form](made).forEach((line) => deps.print(line));
}

async function planOf(
  deps: ReportDeps,
  job: CaptureJob,
  config: CaptureConfig,
  sides: readonly Side[],
  signal: AbortSignal,
): Promise<Plan> {
  if (job.request.skipRuleApply) return emptyPlan(sides);
  if (job.request.nativeNftables) return nftPlan(job, config, sides);
  return iptablesPlan(deps, job, config, sides, signal);
}

/** For a run that is told to set nothing. */
function emptyPlan(sides: readonly Side[]): Plan {
  return { sides: sides.map((side) => planSide(side, undefined)), changes: [], routes: [] };
}

async function iptablesPlan(
  deps: ReportDeps,
  { request }: CaptureJob,
  config: CaptureConfig,
  sides: readonly Side[],
  signal: AbortSignal,
): Promise<Plan> {
  const variants = sides.flatMap(({ variant }) => (variant === undefined ? [] : [variant]));
  const copy = new KernelCopy(new Map(variants.map(({ name, dump }) => [name, dump])));
  // The words of a run would tell of changes that are none.
  const quiet = { ...deps, run: copy.run, log: plainLog(() => undefined) };
  const byFamily = Object.fromEntries(
    FAMILIES.map((family) => [family, variants.find((variant) => variant.family === family)]),
  );
  const failure = await failureOf(async () => {
    await using added = await changeRules(
      quiet,
      config,
      request,
      { v4: byFamily['v4'], v6: byFamily['v6'] },
      signal,
    );
    if (request.cleanup === 'no') await addRoutes(quiet, config);
    else await removeRoutes(quiet, config);
    added.move();
  });
  const changes = failure === undefined ? copy.changes : [];
  return {
    sides: sides.map((side) => planSide(side, failure === undefined ? copy.saved(side.program) : undefined)),
    changes: changes.filter(({ file }) => file !== 'ip'),
    routes: changes.filter(({ file }) => file === 'ip'),
    ...(failure !== undefined && { failure }),
  };
}

async function failureOf(act: () => Promise<void>): Promise<CaptureError | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof CaptureError) return error;
    throw error;
  }
}

/** @param after what would be saved then; undefined: nothing is changed */
function planSide(side: Side, after: string | undefined): PlanSide {
  const { label, program, variant, live, chains } = side;
  const rules =
    after === undefined ? [] : compareRules(savedIptables(after), live, () => true).flatMap(placed);
  return {
    label,
    program,
    reason: variant?.reason ?? '',
    version: variant?.version.join('.') ?? '',
    residue: !isEmptyState(parseState(variant?.dump ?? '')),
    delta: chains.some(({ differs }) => differs),
    add: rules.filter(({ state }) => state === 'missing').map(({ rule }) => rule),
    remove: rules.filter(({ state }) => state === 'unwanted').map(({ rule }) => rule),
  };
}

function placed({ table, rules }: ComparedChain): readonly ComparedRule[] {
  return rules.map((rule) => ({ ...rule, rule: `${table}: ${rule.rule}` }));
}

/** Tables are made anew by every run; what is added and removed is only what really changes. */
function nftPlan({ request }: CaptureJob, config: CaptureConfig, sides: readonly Side[]): Plan {
  const present = new Set(sides.flatMap(({ live }) => [...live.tables.keys()].map(tableName)));
  const transaction = request.cleanup === 'no' ? applyText(planNftRules(config), present) : cleanupText();
  return { sides: sides.map(nftSide), changes: [], routes: [], transaction };
}

function nftSide({ label, program, live, chains }: Side): PlanSide {
  const rules = chains.flatMap(({ table, chain, rules }) =>
    rules.map((rule) => ({ ...rule, rule: `${table}: ${chain} ${rule.rule}` })),
  );
  return {
    label,
    program,
    reason: 'it is asked for',
    version: '',
    residue: live.tables.size > 0,
    delta: chains.some(({ differs }) => differs),
    add: rules.filter(({ state }) => state === 'missing').map(({ rule }) => rule),
    remove: rules.filter(({ state }) => state === 'unwanted').map(({ rule }) => rule),
  };
}
