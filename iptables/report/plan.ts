// `--plan`: what a run with these flags would do to this kernel. The run itself is made, on a copy of the rules; only
// what reads is ever started.

import type { Log } from '../../src/runtime/log.ts';
import { plainLog } from '../../src/runtime/plain-log.ts';
import { changeBothVariants } from '../backend.ts';
import { CaptureError } from '../errors.ts';
import type { CaptureJob } from '../job.ts';
import { placedText } from '../model/read-rule.ts';
import { savedIptables } from '../model/rule-set.ts';
import { planNftRules } from '../nft/plan.ts';
import { applyText, cleanupText, tableName } from '../nft/transaction.ts';
import { addRoutes, removeRoutes, type RoutesDeps } from '../routes.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { CaptureRequest, PlanForm, ReportRequest } from '../settings/capture-request.ts';
import type { RunTool } from '../tools/run-tool.ts';
import type { FoundVariants } from '../tools/variants.ts';
import { type ComparedChain, type ComparedRule, compareRules } from './compare.ts';
import { KernelCopy } from './kernel-copy.ts';
import { type Plan, planCommands, planData, planRestore, planText, type PlanSide } from './plan-forms.ts';
import type { ReportDeps } from './report-deps.ts';
import { RouteCopy } from './route-copy.ts';
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
  const made = await planOf(deps, asked, config, signal);
  // What iptables would be given is, of nftables, the transaction.
  const shown = native && (form === 'restore' || form === 'commands') ? 'nft' : form;
  FORMS[shown](made).forEach((line) => deps.print(line));
}

async function planOf(
  deps: ReportDeps,
  job: CaptureJob,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<Plan> {
  const { request } = job;
  const { sides, variants } = await readSides(deps, job, config, signal);
  if (request.skipRuleApply) return noChange(sides);
  return variants === undefined
    ? nftPlan(deps, request, config, sides)
    : iptablesPlan(deps, request, config, sides, variants, signal);
}

async function iptablesPlan(
  deps: ReportDeps,
  request: CaptureRequest,
  config: CaptureConfig,
  sides: readonly Side[],
  variants: FoundVariants,
  signal: AbortSignal,
): Promise<Plan> {
  const found = sides.flatMap(({ variant }) => variant ?? []);
  const rules = new KernelCopy(new Map(found.map(({ name, dump }) => [name, dump])));
  const routes = new RouteCopy(deps.run);
  const run: RunTool = (call) => (call.file === 'ip' ? routes : rules).run(call);
  const quiet = { ...deps, run, log: silent() };
  const failure = await failureOf(async () => {
    await using added = await changeBothVariants(quiet, config, request, variants, signal);
    await setRoutes(quiet, config, request);
    added.move();
  });
  if (failure !== undefined) return { ...noChange(sides), failure };
  const changed = ({ program, live }: Side): readonly ComparedChain[] =>
    compareRules(savedIptables(rules.saved(program)), live, () => true);
  return {
    sides: sides.map((side) => planSide(side, changed(side))),
    changes: rules.changes,
    routes: routes.changes,
  };
}

/** Tables are made anew by every run; what is added and removed is only what really changes. */
async function nftPlan(
  deps: ReportDeps,
  request: CaptureRequest,
  config: CaptureConfig,
  sides: readonly Side[],
): Promise<Plan> {
  const present = new Set(sides.flatMap(({ live }) => [...live.tables.keys()].map(tableName)));
  const transaction = request.cleanup === 'no' ? applyText(planNftRules(config), present) : cleanupText();
  const routes = new RouteCopy(deps.run);
  const failure = await failureOf(() => setRoutes({ run: routes.run, log: silent() }, config, request));
  if (failure !== undefined) return { ...noChange(sides), failure };
  return {
    sides: sides.map((side) => planSide(side, side.chains)),
    changes: [],
    routes: routes.changes,
    transaction,
  };
}

/** Of a run that is told to set nothing, or that would fail. */
function noChange(sides: readonly Side[]): Plan {
  return { sides: sides.map((side) => planSide(side, [])), changes: [], routes: [] };
}

/** The words of a run would tell of changes that are none. */
const silent = (): Log => plainLog(() => undefined);

function setRoutes(deps: RoutesDeps, config: CaptureConfig, { cleanup }: CaptureRequest): Promise<void> {
  return cleanup === 'no' ? addRoutes(deps, config) : removeRoutes(deps, config);
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

/** @param changed what a run would make of the kernel's rules, compared with them */
function planSide(side: Side, changed: readonly ComparedChain[]): PlanSide {
  const { label, program, reason, variant, live, chains } = side;
  const rules = changed.flatMap(placed);
  return {
    label,
    program,
    reason,
    version: variant?.version.join('.') ?? '',
    residue: [...live.tables.values()].some(({ size }) => size > 0),
    delta: chains.some(({ differs }) => differs),
    add: rules.filter(({ state }) => state === 'missing').map(({ rule }) => rule),
    remove: rules.filter(({ state }) => state === 'unwanted').map(({ rule }) => rule),
  };
}

function placed({ table, chain, rules }: ComparedChain): readonly ComparedRule[] {
  return rules.map((rule) => ({ ...rule, rule: placedText({ table, chain, text: rule.rule }) }));
}
