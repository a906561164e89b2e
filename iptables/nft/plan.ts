// The table of contents of a capture by nftables: the same subjects in the same order as for iptables (../rules/plan.ts).
// Upstream counterpart: tools/istio-nftables/pkg/capture/run.go.

import { commentFor } from '../rules/comment.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { dnsRules } from './dns-rules.ts';
import { inboundRules, redirectTargets } from './inbound-rules.ts';
import { dropInvalidRules, excludedInterfaceRules, virtualInterfaceRules } from './interface-rules.ts';
import { outboundExclusions, outboundOwnerRules, outboundSelection } from './outbound-rules.ts';
import type { NftRow } from './row.ts';
import { tproxyMarkRules } from './tproxy-rules.ts';

const SUBJECTS = [
  excludedInterfaceRules,
  virtualInterfaceRules,
  dropInvalidRules,
  redirectTargets,
  inboundRules,
  outboundExclusions,
  outboundOwnerRules,
  dnsRules,
  outboundSelection,
  tproxyMarkRules,
];

/** Every rule of a run, in the order they are added. */
export function planNftRules(config: CaptureConfig): readonly NftRow[] {
  const rows = withoutDeadJumps(SUBJECTS.flatMap((subject) => subject(config)));
  return config.comments ? rows.map(commented) : rows;
}

function commented(row: NftRow): NftRow {
  return { ...row, comment: commentFor(row.why) };
}

/**
 * A chain without rules is not created, and a jump to it would fail the whole transaction. Upstream emits such jumps
 * when the only DNS servers are of a family that is not captured.
 */
function withoutDeadJumps(rows: readonly NftRow[]): readonly NftRow[] {
  const filled = new Set(rows.map(({ table, chain }) => `${table} ${chain}`));
  return rows.filter(({ table, expression }) => {
    const target = / jump (\S+)$/.exec(expression)?.[1];
    return target === undefined || filled.has(`${table} ${target}`);
  });
}
