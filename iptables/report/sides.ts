// What is wanted and what is there, for every place of the kernel that a run with these flags looks at.

import { isIPv6Only } from '../settings/detected-settings.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { CaptureJob } from '../job.ts';
import type { ReadRule } from '../model/read-rule.ts';
import { type OwnerIds } from '../model/iptables-words.ts';
import { ownerIds } from '../model/owner-ids.ts';
import {
  listedNftables,
  plannedIptables,
  plannedNftables,
  type RuleSet,
  savedIptables,
} from '../model/rule-set.ts';
import { Nft } from '../nft/nft.ts';
import { planNftRules } from '../nft/plan.ts';
import { FAMILIES, type Family, FAMILY_NAMES } from '../rules/rule.ts';
import { planRules } from '../rules/plan.ts';
import { parseState } from '../state/state.ts';
import { strayRules } from '../state/stray-rules.ts';
import { type ComparedChain, compareRules } from './compare.ts';
import { type LiveVariant, liveVariants } from './live.ts';
import type { ReportDeps } from './report-deps.ts';

export interface Side {
  /** `IPv4`, `IPv6`, or `nftables`, whose tables hold both. */
  readonly label: string;
  /** The program that holds the rules. */
  readonly program: string;
  /** Of iptables only. */
  readonly variant?: LiveVariant;
  readonly wanted: RuleSet;
  readonly live: RuleSet;
  readonly chains: readonly ComparedChain[];
}

/** Nothing is wanted by a run that cleans up. @throws CaptureError when the kernel's rules cannot be read */
export async function readSides(
  deps: ReportDeps,
  { request, settings }: CaptureJob,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<readonly Side[]> {
  const cleans = request.cleanup !== 'no';
  if (request.nativeNftables) {
    const nft = new Nft(deps.run, request);
    const wanted = plannedNftables(cleans ? [] : planNftRules(config));
    const live = listedNftables(await nft.list());
    return [{ label: 'nftables', program: 'nft', wanted, live, chains: compareRules(wanted, live) }];
  }
  const ids = await ownerIds((path) => deps.host.readText(path));
  const plan = planRules(config);
  const { forceBinary } = request;
  const ipv6Only = isIPv6Only(settings);
  const variants = await liveVariants(deps, config, { forceBinary, ipv6Only }, signal);
  return FAMILIES.flatMap((family) => {
    const variant = variants[family];
    if (variant === undefined) return [];
    return [iptablesSide(family, variant, plannedIptables(cleans ? [] : plan[family], ids), ids)];
  });
}

function iptablesSide(family: Family, variant: LiveVariant, wanted: RuleSet, ids: OwnerIds): Side {
  const live = savedIptables(variant.dump, ids);
  const strays = new Set(strayRules(parseState(variant.dump)).map(({ table, line }) => `${table} ${line}`));
  const isStray = ({ table, text }: ReadRule): boolean => strays.has(`${table} ${text}`);
  return {
    label: FAMILY_NAMES[family],
    program: variant.name,
    variant,
    wanted,
    live,
    chains: compareRules(wanted, live, isStray),
  };
}
