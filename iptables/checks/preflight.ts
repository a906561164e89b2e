// `--preflight`: whether this place has what a run with these flags needs, before one is tried. It asks the kernel by
// rules that no packet can meet, and takes them away again.

import { CaptureError } from '../errors.ts';
import { type CaptureJob, configOf, ipv6Problem } from '../job.ts';
import { planRules } from '../rules/plan.ts';
import { FAMILIES } from '../rules/rule.ts';
import { type CaptureHost, isIPv6Only } from '../settings/detected-settings.ts';
import { FamilyTools } from '../tools/family-tools.ts';
import type { PatienceDeps } from '../tools/retry.ts';
import { detectVariants, type FoundVariants, type Variants } from '../tools/variants.ts';
import { type Finding, findingLines } from './finding.ts';
import { LOCK_FILE, lockFinding } from './lock-file.ts';
import { refusedExtensions } from './trial-chain.ts';

export interface PreflightDeps extends PatienceDeps {
  readonly host: CaptureHost;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Receives the report. */
  readonly print: (line: string) => void;
}

/**
 * Looks at everything, whatever fails, and reports.
 *
 * @throws CaptureError when something has failed that a run needs
 */
export async function preflight(deps: PreflightDeps, job: CaptureJob, signal: AbortSignal): Promise<void> {
  const findings = await lookAtAll(deps, job, signal);
  if (job.request.preflight === 'json') deps.print(JSON.stringify(findings, undefined, 2));
  else findingLines(findings).forEach((line) => deps.print(line));
  const failed = findings.filter(({ state }) => state === 'fail');
  const [first] = failed;
  if (first === undefined) return;
  const names = failed.map(({ name }) => name).join(', ');
  throw new CaptureError(`not ready for capture: ${names}`, first.id === undefined ? {} : { id: first.id });
}

async function lookAtAll(
  deps: PreflightDeps,
  job: CaptureJob,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const capabilities = await capabilityFindings(deps.host);
  if (job.request.nativeNftables) {
    const { nftFindings } = await import('../nft/preflight.ts');
    return [...capabilities, ...(await nftFindings(deps.run, configOf(job), job.request))];
  }
  const options = { ...job.request, ipv6Only: isIPv6Only(job.settings) };
  const found = await attempt(() => detectVariants(deps, configOf(job), options, signal));
  const variants = found instanceof CaptureError ? NONE : found.chosen;
  return [
    ...capabilities,
    variantFinding(found),
    await ipv6Finding(deps.host, job, variants),
    ...(await ruleFindings(deps, job, variants, signal)),
    await lockUse(variants, deps.env),
  ];
}

async function attempt<T>(act: () => Promise<T>): Promise<T | CaptureError> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof CaptureError) return error;
    throw error;
  }
}

/** Bits of linux/capability.h. */
const CAPABILITIES = { NET_ADMIN: 12n, NET_RAW: 13n };

async function capabilityFindings(host: CaptureHost): Promise<readonly Finding[]> {
  const status = await host.readText('/proc/self/status').catch(() => '');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective === undefined) return [{ name: 'capabilities', state: 'warn', found: 'cannot be read' }];
  const mask = BigInt(`0x${effective}`);
  return Object.entries(CAPABILITIES).map(([name, bit]): Finding => {
    if ((mask >> bit) & 1n) return { name, state: 'ok', found: 'held' };
    // nft variants do with NET_ADMIN alone; for legacy ones the variant fails too.
    const state = name === 'NET_ADMIN' ? 'fail' : 'warn';
    return { name, state, found: 'not held', id: 'IPT-NO-NET-ADMIN' };
  });
}

const NONE: Variants = { v4: undefined, v6: undefined };

function variantFinding(found: FoundVariants | CaptureError): Finding {
  const name = 'variant';
  if (found instanceof CaptureError) return { name, state: 'fail', found: found.message, id: found.id };
  const [programs, others] = [found.chosen, found.others].map((variants) =>
    FAMILIES.flatMap((family) => variants[family]?.name ?? []).join(', '),
  );
  if (others === '') return { name, state: 'ok', found: programs ?? '' };
  return { name, state: 'warn', found: `${programs}, but rules of an earlier run are also in ${others}` };
}

async function ipv6Finding(
  host: CaptureHost,
  { settings }: CaptureJob,
  variants: Variants,
): Promise<Finding> {
  const name = 'IPv6';
  if (settings.enableIPv6) {
    const problem = await ipv6Problem(host);
    if (problem === undefined) return { name, state: 'ok', found: 'captured' };
    return { name, state: 'fail', found: problem.message, id: problem.id };
  }
  if (settings.hostIPv6 === undefined) return { name, state: 'ok', found: 'this host has no address of it' };
  const tools = variants.v6 === undefined ? ', and has no tools for it' : '';
  return { name, state: 'warn', found: `not captured, but this host has ${settings.hostIPv6}${tools}` };
}

async function ruleFindings(
  deps: PreflightDeps,
  job: CaptureJob,
  variants: Variants,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const plan = planRules(configOf(job));
  const refused = new Map<string, string>();
  let asked = false;
  for (const family of FAMILIES) {
    const variant = variants[family];
    if (variant === undefined || plan[family].length === 0) continue;
    const tools = new FamilyTools({ ...deps, variant });
    for (const [name, words] of await refusedExtensions(plan[family], tools, signal))
      refused.set(name, words);
    asked = true;
  }
  return [
    ruleFinding('owner match', asked, refused.get('owner')),
    ruleFinding('modules', asked, refused.size === 0 ? undefined : [...refused.values()].join('; ')),
  ];
}

function ruleFinding(name: string, asked: boolean, refusal: string | undefined): Finding {
  if (!asked) return { name, state: 'warn', found: 'cannot be told without a variant' };
  if (refusal === undefined) return { name, state: 'ok', found: 'rules of these flags are taken' };
  return { name, state: 'fail', found: refusal, id: 'IPT-NO-MODULE' };
}

async function lockUse(variants: Variants, env: PreflightDeps['env']): Promise<Finding> {
  const used = FAMILIES.flatMap((family) => variants[family] ?? []);
  if (used.length === 0) return { name: 'lock', state: 'warn', found: 'cannot be told without a variant' };
  if (used.some(({ legacy }) => legacy)) return lockFinding(env['XTABLES_LOCKFILE'] ?? LOCK_FILE);
  return { name: 'lock', state: 'ok', found: 'nft variants use none' };
}
