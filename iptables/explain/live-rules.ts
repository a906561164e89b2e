// The rules in the kernel, as far as a packet of one family is explained by them.

import type { CaptureConfig } from '../settings/capture-config.ts';
import { CaptureError } from '../errors.ts';
import type { CaptureJob } from '../job.ts';
import type { OwnerIds } from '../model/iptables-words.ts';
import { meaningOf, type ReadRule } from '../model/read-rule.ts';
import { listedNftables, type RuleSet, savedIptables } from '../model/rule-set.ts';
import { Nft } from '../nft/nft.ts';
import type { ReportDeps } from '../report/report-deps.ts';
import { variantsToRead } from '../report/sides.ts';
import { type Family, FAMILY_NAMES } from '../rules/rule.ts';
import { holdsGuardrails } from '../state/guardrails.ts';
import { parseState } from '../state/state.ts';

export interface LiveRules {
  readonly rules: RuleSet;
  /** Where they stand; rules that may have a say too are named. */
  readonly origin: string;
}

/** @throws CaptureError when they cannot be read */
export async function liveRules(
  deps: ReportDeps,
  job: CaptureJob,
  config: CaptureConfig,
  family: Family,
  ids: OwnerIds,
  signal: AbortSignal,
): Promise<LiveRules> {
  if (job.request.nativeNftables) {
    const rules = listedNftables(await new Nft(deps.run, job.request).list());
    return { rules, origin: 'those in own tables of nftables now; tables of others are not asked' };
  }
  const { chosen, others } = await variantsToRead(deps, job, config, signal);
  const [variant, other] = [chosen[family], others[family]];
  const version = FAMILY_NAMES[family];
  if (variant === undefined) {
    throw new CaptureError(`no usable iptables shows the rules of ${version}`, { id: 'IPT-NO-TOOL' });
  }
  const remarks = [
    ...(other === undefined ? [] : [`; ${other.name} has rules of ours too, which are not asked`]),
    ...(holdsGuardrails(parseState(variant.dump)) ? [GUARDED] : []),
  ];
  return {
    rules: savedIptables(variant.dump, ids),
    origin: `those in raw, mangle and nat of ${variant.name} now, for ${version}${remarks.join('')}`,
  };
}

/** They stand in filter, which nothing else of ours uses. */
const GUARDED = '; but then guards of a killed run drop all TCP and UDP, until a run removes them';

/** What the kernel does not know: why a rule of ours is there. */
export function withPurposes(live: RuleSet, wanted: RuleSet): RuleSet {
  const key = (rule: ReadRule): string => `${rule.table} ${rule.chain} ${meaningOf(rule)}`;
  const all = [...wanted.tables.values()].flatMap((chains) => [...chains.values()].flat());
  const purposes = new Map(all.map((rule) => [key(rule), rule.why]));
  const explained = (rule: ReadRule): ReadRule => {
    const why = purposes.get(key(rule));
    return why === undefined ? rule : { ...rule, why };
  };
  const tables = [...live.tables].map(
    ([table, chains]) =>
      [table, new Map([...chains].map(([chain, rules]) => [chain, rules.map(explained)]))] as const,
  );
  return { ...live, tables: new Map(tables) };
}
