// `--explain`: what would happen to a packet, rule by rule, by the rules of these flags or by those in the kernel.

import { CaptureError } from '../errors.ts';
import type { CaptureJob } from '../job.ts';
import type { OwnerIds } from '../model/iptables-words.ts';
import { ownerIds } from '../model/owner-ids.ts';
import { meaningOf, type ReadRule } from '../model/read-rule.ts';
import { listedNftables, type RuleSet, savedIptables } from '../model/rule-set.ts';
import { Nft } from '../nft/nft.ts';
import type { ReportDeps } from '../report/report-deps.ts';
import { variantsToRead, wantedRules } from '../report/sides.ts';
import { type Family, FAMILY_NAMES } from '../rules/rule.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { ReportRequest } from '../settings/capture-request.ts';
import { reachable } from '../settings/local-address.ts';
import { type CompletedPacket, completePacket } from './assumptions.ts';
import { asData, asLines } from './explanation.ts';
import { journey } from './journey.ts';
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
  const wanted = wantedRules(job, config, family, ids);
  const { rules, origin } = request.live
    ? await liveRules(deps, job, config, family, ids, signal)
    : { rules: wanted, origin: wantedOrigin(job, config, family) };
  const way = journey(request.live ? withPurposes(rules, wanted) : rules, completed.packet);
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
  return completePacket(parsePacket(packet, ids), {
    addresses: reachable(addresses),
    interfaces: [...interfaces],
    namedOwners: new Set(named.map(Number)),
  });
}

function wantedOrigin({ request }: CaptureJob, config: CaptureConfig, family: Family): string {
  if (request.cleanup !== 'no')
    return 'none: a clean-up leaves none of its own; live tells what is there now';
  if (family === 'v6' && !config.enableIPv6) return 'none: a run with these flags captures no IPv6';
  const tool = request.nativeNftables ? 'nftables' : 'iptables';
  return `those that a run with these flags sets, for ${FAMILY_NAMES[family]} by ${tool}`;
}

interface LiveRules {
  readonly rules: RuleSet;
  /** Where they stand; rules that may have a say too are named. */
  readonly origin: string;
}

async function liveRules(
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
  const beside = other === undefined ? '' : `; ${other.name} has rules of ours too, which are not asked`;
  return {
    rules: savedIptables(variant.dump, ids),
    origin: `those in raw, mangle and nat of ${variant.name} now, for ${version}${beside}`,
  };
}

/** What the kernel does not know: why a rule of ours is there. */
function withPurposes(live: RuleSet, wanted: RuleSet): RuleSet {
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
