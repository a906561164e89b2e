// `--explain`: what would happen to a packet, rule by rule, by the rules of these flags or by those in the kernel.

import type { CaptureJob } from '../job.ts';
import type { OwnerIds } from '../model/iptables-words.ts';
import { ownerIds } from '../model/owner-ids.ts';
import type { ReportDeps } from '../report/report-deps.ts';
import { wantedRules } from '../report/sides.ts';
import { type Family, FAMILY_NAMES } from '../rules/rule.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { ReportRequest } from '../settings/capture-request.ts';
import { reachable } from '../settings/local-address.ts';
import { type CompletedPacket, completePacket } from './assumptions.ts';
import { asData, asLines } from './explanation.ts';
import { journey } from './journey.ts';
import { liveRules, withPurposes } from './live-rules.ts';
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
