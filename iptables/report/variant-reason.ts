// Why a run takes this variant of iptables, in words. Pure.

import { holdsOwnChains, holdsRules } from '../state/state.ts';
import type { DetectedVariant, Evidence } from '../tools/detection.ts';

export function variantReason(
  { name, dump }: DetectedVariant,
  { force, candidates, aside }: Evidence,
): string {
  if (force !== '') return 'forced by --force-iptables-binary';
  const refused = candidates.filter((other) => other.name !== name && other.problem !== undefined);
  if (holdsOwnChains(dump)) return 'it holds rules of an earlier run';
  if (name.endsWith('-legacy') && holdsRules(dump)) return 'it holds rules of this host';
  if (refused.length > 0) return `${refused.map((other) => other.name).join(' and ')} cannot be used`;
  return aside.length > 0 ? `${aside[0]?.name} holds no rules` : 'it is the one for new rules';
}
