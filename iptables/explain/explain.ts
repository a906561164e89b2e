// `--explain`: what would happen to a packet, rule by rule, by the rules of these flags or by those in the kernel.

import type { CaptureConfig } from '../settings/capture-config.ts';
import type { CaptureJob } from '../job.ts';
import { isIPv6Only } from '../settings/detected-settings.ts';
import { reachable } from '../settings/local-address.ts';
import { ownerIds } from '../model/owner-ids.ts';
import type { OwnerIds } from '../model/iptables-words.ts';
import { meaningOf, type ReadRule } from '../model/read-rule.ts';
import {
  listedNftables,
  plannedIptables,
  plannedNftables,
  type RuleSet,
  savedIptables,
} from '../model/rule-set.ts';
import { Nft } from '../nft/nft.ts';
import { planNftRules } from '../nft/plan.ts';
import { liveVariants } from '../report/live.ts';
import type { ReportDeps } from '../report/report-deps.ts';
import type { ReportRequest } from '../settings/capture-request.ts';
import type { Family } from '../rules/rule.ts';
import { planRules } from '../rules/plan.ts';
import { type CompletedPacket, completePacket } from './assumptions.ts';
import { journey } from './journey.ts';
import { asData, asLines, originWords } from './explanation.ts';
import { packetFamily, parsePacket } from './packet.ts';

type ExplainRequest = Extract<ReportRequest, { readonly kind: 'explain' }>;

/** @throws CaptureError for a packet that cannot be read, or when rules of the kernel cannot be */
export async function explain(
  deps: ReportDeps,
  job: CaptureJob,
  request: ExplainRequest,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<void> {
  const ids = await ownerIds((path) => deps.host.readText(path));
  const completed = await completedPacket(deps, request, config, ids);
  const family = packetFamily(completed.packet);
  const planned = plannedRules(job, config, family, ids);
  const rules = request.live ? await liveRules(deps, job, config, family, ids, signal) : planned;
  const way = journey(request.live ? withPurposes(rules, planned) : rules, completed.packet);
  const origin = originWords(job, config, family, request.live);
  if (request.form === 'json')
    deps.print(JSON.stringify(asData(completed, way, origin, config), undefined, 2));
  else asLines(completed, way, origin, config).forEach((line) => deps.print(line));
}

async function completedPacket(
  { host }: ReportDeps,
  { packet }: ExplainRequest,
  config: CaptureConfig,
  ids: OwnerIds,
): Promise<CompletedPacket> {
  const [addresses, interfaces] = await Promise.all([host.addresses(), host.interfaces()]);
  const { proxyUids, proxyGids, excludedOwnerGroups, ownerGroups } = config;
  const users = proxyUids.map((user) => ids.users.get(user) ?? user);
  const groups = [...proxyGids, ...excludedOwnerGroups, ...(ownerGroups === '*' ? [] : ownerGroups)];
  const named = [...users, ...groups.map((group) => ids.groups.get(group) ?? group)];
  return completePacket(parsePacket(packet), {
    addresses: reachable(addresses),
    interfaces: [...interfaces],
    namedOwners: new Set(named.map(Number)),
  });
}

function plannedRules(
  { request }: CaptureJob,
  config: CaptureConfig,
  family: Family,
  ids: OwnerIds,
): RuleSet {
  if (request.nativeNftables) return plannedNftables(planNftRules(config));
  return plannedIptables(planRules(config)[family], ids);
}

async function liveRules(
  deps: ReportDeps,
  { request, settings }: CaptureJob,
  config: CaptureConfig,
  family: Family,
  ids: OwnerIds,
  signal: AbortSignal,
): Promise<RuleSet> {
  if (request.nativeNftables) return listedNftables(await new Nft(deps.run, request).list());
  const { forceBinary } = request;
  const ipv6Only = isIPv6Only(settings);
  const variants = await liveVariants(deps, config, { forceBinary, ipv6Only }, signal);
  return savedIptables(variants[family]?.dump ?? '', ids);
}

/** What the kernel does not know: why a rule of ours is there. */
function withPurposes(live: RuleSet, planned: RuleSet): RuleSet {
  const key = (rule: ReadRule): string => `${rule.table} ${rule.chain} ${meaningOf(rule)}`;
  const all = [...planned.tables.values()].flatMap((chains) => [...chains.values()].flat());
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
