// The flow of the command: complete the request, plan, find the tools, compare, apply or clean up, set routes.
// Each stage is a module of its own; this file only orders them and says what happens when one fails.
// Upstream counterpart: tools/istio-iptables/pkg/cmd/root.go.

import { writeFile } from 'node:fs/promises';

import type { Clock } from '../src/runtime/clock.ts';
import { messageOf } from '../src/runtime/errors.ts';
import type { Log } from '../src/runtime/log.ts';
import { applyRules, type FamilyState, removeLeftGuardrails } from './apply.ts';
import { validateCapture } from './capture-validation.ts';
import { cleanFamily } from './cleanup.ts';
import { type CaptureConfig, dnsCaptureIsIdle, resolveCapture } from './config.ts';
import { configDump, environmentDump } from './config-dump.ts';
import { detectVariant } from './detection.ts';
import { CaptureError } from './errors.ts';
import { FamilyTools } from './family-tools.ts';
import type { CaptureRequest } from './request.ts';
import { changeNftRules, plannedTransaction, settleNativeTables } from './nft/backend.ts';
import { addRoutes, removeRoutes } from './routes.ts';
import { FAMILIES, type Family, type RulePlan } from './rule-list.ts';
import { planRules } from './rules.ts';
import { sandboxedTools } from './sandbox.ts';
import { type CaptureHost, type DetectedSettings, detectSettings } from './settings.ts';
import { recordingTools, type RunTool } from './tools.ts';
import { validateAlways, validateRuleValues } from './settings-check.ts';
import { imaginedVariant, type Variant } from './variant.ts';
import { combineVerdicts, verifyFamily } from './verify.ts';

export interface CaptureDeps {
  /** Runs the tools of this machine; not called in a dry run. */
  readonly run: RunTool;
  readonly host: CaptureHost;
  readonly clock: Clock;
  readonly log: Log;
  /** Receives the record of a dry run, a line per call. */
  readonly print: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws CaptureError; rules that this run added are then removed again */
export async function runCapture(
  deps: CaptureDeps,
  request: CaptureRequest,
  signal: AbortSignal,
): Promise<void> {
  const settings = await completeRequest(deps, request);
  if (request.skipRuleApply) deps.log.info(`Skipping ${backendOf(request)} apply`);
  else await setRules(deps, request, settings, signal);
  if (request.runValidation && !request.dryRun) {
    await validateCapture({ ...deps, uid: deps.host.uid() }, request, settings, signal);
  }
}

async function completeRequest(deps: CaptureDeps, request: CaptureRequest): Promise<DetectedSettings> {
  const { log } = deps;
  log.info(environmentDump(deps.env, backendOf(request)));
  validateAlways(request, request.forceBinary);
  if (!request.skipRuleApply) validateRuleValues(request);
  const settings = await detectSettings(request, deps.host, log);
  log.info(configDump(settings, request));
  return settings;
}

function backendOf({ nativeNftables }: CaptureRequest): 'nftables' | 'iptables' {
  return nativeNftables ? 'nftables' : 'iptables';
}

async function setRules(
  deps: CaptureDeps,
  request: CaptureRequest,
  settings: DetectedSettings,
  signal: AbortSignal,
): Promise<void> {
  if (dnsCaptureIsIdle(settings)) {
    deps.log.warn(
      'REDIRECT_DNS is set, but CAPTURE_ALL_DNS is false, and no DNS servers provided. DNS capture disabled.',
    );
  }
  const config = configOf(request, settings);
  if (request.dryRun) await dryRun(deps, request, config, signal);
  else await realRun(deps, request, config, signal);
}

function configOf(request: CaptureRequest, settings: DetectedSettings): CaptureConfig {
  const config = resolveCapture(settings);
  return request.cleanup === 'all' ? { ...config, enableIPv6: true } : config;
}

async function dryRun(
  deps: CaptureDeps,
  request: CaptureRequest,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<void> {
  deps.log.info(`running ${backendOf(request)} in dry-run mode, no rule changes will be made`);
  const record = request.nativeNftables
    ? plannedTransaction(config, request).trimEnd().split('\n')
    : await iptablesRecord(deps, request, config, signal);
  deps.log.info('skipping configuring routes due to dry run mode');
  if (request.dryRunFile === '') record.forEach((line) => deps.print(line));
  else await writeFile(request.dryRunFile, record.map((line) => `${line}\n`).join(''));
}

async function iptablesRecord(
  deps: CaptureDeps,
  request: CaptureRequest,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const record: string[] = [];
  const run = recordingTools(record);
  const { v4, v6 } = { v4: imaginedVariant('v4'), v6: imaginedVariant('v6') };
  await changeRules({ ...deps, run }, request, { config, variants: { v4, v6 } }, signal);
  return record;
}

async function realRun(
  deps: CaptureDeps,
  request: CaptureRequest,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<void> {
  const { log } = deps;
  const run = request.cniMode
    ? await sandboxedTools({ run: deps.run, log }, request.networkNamespace)
    : deps.run;
  await using added = request.nativeNftables
    ? await changeNftRules({ run, log }, config, request)
    : await changeIptablesRules({ ...deps, run }, request, config, signal);
  signal.throwIfAborted();
  if (request.cleanup === 'no') await addRoutes({ run: deps.run, log }, config);
  else await removeRoutes({ run: deps.run, log }, config);
  added.move(); // all is done: nothing is taken back
}

async function changeIptablesRules(
  deps: CaptureDeps,
  request: CaptureRequest,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const [variants] = await Promise.all([
    detectVariants(deps, request, config),
    settleNativeTables(deps, request.cleanup),
  ]);
  return changeRules(deps, request, { config, variants }, signal);
}

type Variants = Readonly<Record<Family, Variant | undefined>>;

async function detectVariants(
  deps: CaptureDeps,
  { forceBinary, cleanup }: CaptureRequest,
  { enableIPv6 }: CaptureConfig,
): Promise<Variants> {
  const v4 = await detectVariant(deps, 'v4', forceBinary);
  try {
    return { v4, v6: await detectVariant(deps, 'v6', forceBinary) };
  } catch (error) {
    if (enableIPv6 && cleanup !== 'all') throw error;
    deps.log.warn(
      'Failed to detect a working ip6tables binary; continuing because IPv6 support is disabled ' +
        `(ENABLE_INBOUND_IPV6=false): ${messageOf(error)}`,
    );
    return { v4, v6: undefined };
  }
}

interface Target {
  readonly config: CaptureConfig;
  readonly variants: Variants;
}

/** @returns takes back the rules this call added */
async function changeRules(
  deps: CaptureDeps,
  request: CaptureRequest,
  { config, variants }: Target,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const tools = { v4: toolsOf(deps, variants.v4), v6: toolsOf(deps, variants.v6) };
  try {
    const { families, verdict } = await verifyAll(deps, planRules(config), tools, signal);
    await removeLeftGuardrails(families, deps.log);
    const planned = families.filter(({ rules }) => rules.length > 0);
    if (request.cleanup === 'no') return await applyRules(planned, verdict, request, deps.log, signal);
    await cleanAll(planned, signal);
    return new AsyncDisposableStack();
  } finally {
    await logFinalState(tools.v4, deps.log);
    if (config.enableIPv6) await logFinalState(tools.v6, deps.log);
  }
}

function toolsOf({ run, log, clock }: CaptureDeps, variant: Variant | undefined): FamilyTools | undefined {
  return variant && new FamilyTools({ run, log, clock, variant });
}

async function verifyAll(
  { log }: CaptureDeps,
  plan: RulePlan,
  tools: Readonly<Record<Family, FamilyTools | undefined>>,
  signal: AbortSignal,
): Promise<{ families: readonly FamilyState[]; verdict: ReturnType<typeof combineVerdicts> }> {
  const verdicts = [];
  const families: FamilyState[] = [];
  for (const family of FAMILIES) {
    const verdict = await verifyFamily(plan[family], tools[family], log, signal);
    verdicts.push(verdict);
    if (tools[family] !== undefined) families.push({ ...verdict, tools: tools[family] });
  }
  return { families, verdict: combineVerdicts(verdicts, log) };
}

async function cleanAll(families: readonly FamilyState[], signal: AbortSignal): Promise<void> {
  const left: string[] = [];
  for (const { rules, before, tools } of families) {
    const lines = await cleanFamily(rules, before, tools, signal);
    left.push(...lines.map((line) => `${tools.label} ${line}`));
  }
  if (left.length > 0) throw new CaptureError(`cleanup could not remove: ${left.join('; ')}`);
}

async function logFinalState(tools: FamilyTools | undefined, log: Log): Promise<void> {
  if (tools === undefined) return;
  try {
    log.info(`Final iptables state (${tools.label}):\n${(await tools.save(AbortSignal.any([]))).trimEnd()}`);
  } catch (error) {
    log.debug(`the final state cannot be read: ${messageOf(error)}`); // the run's own error was told already
  }
}
