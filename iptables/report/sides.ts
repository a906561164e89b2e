// What is wanted and what is there, for every place of the kernel that a run with these flags looks at. Variants are
// chosen as a run chooses them, but without the probe that proves one: only `-save` and `nft list` run.

import type { CaptureJob } from '../job.ts';
import { NO_NAMES, type OwnerIds } from '../model/iptables-words.ts';
import { ownerIds } from '../model/owner-ids.ts';
import type { ReadRule } from '../model/read-rule.ts';
import {
  listedNftables,
  plannedIptables,
  plannedNftables,
  type RuleSet,
  savedIptables,
} from '../model/rule-set.ts';
import { Nft } from '../nft/nft.ts';
import { planNftRules } from '../nft/plan.ts';
import { planRules } from '../rules/plan.ts';
import { FAMILIES, type Family, FAMILY_NAMES } from '../rules/rule.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { isIPv6Only } from '../settings/detected-settings.ts';
import { parseState } from '../state/state.ts';
import { strayRules } from '../state/stray-rules.ts';
import type { DetectedVariant } from '../tools/detection.ts';
import { detectVariants, type FoundVariants } from '../tools/variants.ts';
import { type ComparedChain, compareRules } from './compare.ts';
import type { ReportDeps } from './report-deps.ts';
import { variantReason } from './variant-reason.ts';

export interface Side {
  /** `IPv4`, `IPv6`, or `nftables`, whose tables hold both. */
  readonly label: string;
  /** The program that holds the rules. */
  readonly program: string;
  /** Why this program. */
  readonly reason: string;
  /** Of iptables only. */
  readonly variant?: DetectedVariant;
  readonly live: RuleSet;
  readonly chains: readonly ComparedChain[];
}

export interface Sides {
  readonly sides: readonly Side[];
  /** Of iptables only. */
  readonly variants?: FoundVariants;
}

/** Nothing is wanted by a run that cleans up. @throws CaptureError when the kernel's rules cannot be read */
export async function readSides(
  deps: ReportDeps,
  job: CaptureJob,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<Sides> {
  if (job.request.nativeNftables) return { sides: [await nftSide(deps, job, config)] };
  const ids = await ownerIds((path) => deps.host.readText(path));
  const variants = await variantsToRead(deps, job, config, signal);
  const { chosen, others, evidence } = variants;
  const sides = FAMILIES.flatMap((family) => {
    const [variant, other] = [chosen[family], others[family]];
    const side = variant && {
      ...iptablesSide(variant, wantedRules(job, config, family, ids), ids),
      reason: variantReason(variant, evidence[family]),
    };
    const beside = other && {
      ...iptablesSide(other, plannedIptables([]), ids),
      reason: 'it holds rules of an earlier run too',
    };
    return [side, beside].filter((each) => each !== undefined);
  });
  return { sides, variants };
}

export function variantsToRead(
  deps: ReportDeps,
  { request, settings }: CaptureJob,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<FoundVariants> {
  return detectVariants(deps, config, { ...request, ipv6Only: isIPv6Only(settings), readOnly: true }, signal);
}

/** What a run with these flags sets; rules of nftables are for both families. */
export function wantedRules(
  { request }: CaptureJob,
  config: CaptureConfig,
  family: Family,
  ids: OwnerIds,
): RuleSet {
  const cleans = request.cleanup !== 'no';
  if (request.nativeNftables) return plannedNftables(cleans ? [] : planNftRules(config));
  return plannedIptables(cleans ? [] : planRules(config)[family], ids);
}

async function nftSide(deps: ReportDeps, job: CaptureJob, config: CaptureConfig): Promise<Side> {
  const wanted = wantedRules(job, config, 'v4', NO_NAMES);
  const live = listedNftables(await new Nft(deps.run, job.request).list());
  const chains = compareRules(wanted, live);
  return { label: 'nftables', program: 'nft', reason: 'it is asked for', live, chains };
}

function iptablesSide(variant: DetectedVariant, wanted: RuleSet, ids: OwnerIds): Omit<Side, 'reason'> {
  const { family, name, dump } = variant;
  const live = savedIptables(dump, ids);
  const strays = new Set(strayRules(parseState(dump)).map(({ table, line }) => `${table} ${line}`));
  const isStray = ({ table, text }: ReadRule): boolean => strays.has(`${table} ${text}`);
  const chains = compareRules(wanted, live, isStray);
  return { label: FAMILY_NAMES[family], program: name, variant, live, chains };
}
