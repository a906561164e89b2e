// The table of contents of a capture: which subjects make rules, in which order. The order is the contract:
// packets meet the rules of a chain as they were appended.
// Upstream counterpart: tools/istio-iptables/pkg/capture/run.go Run.

import type { CaptureConfig } from '../settings/capture-config.ts';
import { commentFor } from './comment.ts';
import { dnsRules } from './dns-rules.ts';
import { familyView } from './family-view.ts';
import { inboundRules, redirectTargets } from './inbound-rules.ts';
import { dropInvalidRules, excludedInterfaceRules, virtualInterfaceRules } from './interface-rules.ts';
import { outboundExclusions, outboundOwnerRules, outboundSelection } from './outbound-rules.ts';
import type { Family, Rule, RulePlan } from './rule.ts';
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

/** Every rule of a run. IPv4 is always planned, on IPv6-only hosts too. */
export function planRules(config: CaptureConfig): RulePlan {
  return { v4: rulesOf(config, 'v4'), v6: config.enableIPv6 ? rulesOf(config, 'v6') : [] };
}

function rulesOf(config: CaptureConfig, family: Family): readonly Rule[] {
  const view = familyView(config, family);
  const rules = SUBJECTS.flatMap((subject) => subject(view));
  return config.comments ? rules.map(commented) : rules;
}

function commented(rule: Rule): Rule {
  return { ...rule, comment: commentFor(rule.why) };
}
