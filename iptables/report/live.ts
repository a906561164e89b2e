// The iptables variants for a report: chosen as a run chooses them, by what they hold, but without the probe that
// proves one. Only `-save` runs.

import type { CaptureConfig } from '../settings/capture-config.ts';
import { chooseVariant, type DetectedVariant, type Evidence, gatherEvidence } from '../tools/detection.ts';
import { CaptureError } from '../errors.ts';
import type { PatienceDeps } from '../tools/retry.ts';
import { FAMILIES, type Family } from '../rules/rule.ts';
import { holdsOwnChains, holdsRules } from '../state/state.ts';

export interface LiveVariant extends DetectedVariant {
  /** Why a run would take this one. */
  readonly reason: string;
}

/** Absent where no tools can be used. */
export type LiveVariants = Readonly<Record<Family, LiveVariant | undefined>>;

export interface LiveOptions {
  readonly forceBinary: string;
  /** See isIPv6Only. */
  readonly ipv6Only: boolean;
}

/** @throws CaptureError when a family whose rules are wanted has no usable tools */
export async function liveVariants(
  deps: PatienceDeps,
  { enableIPv6 }: CaptureConfig,
  { forceBinary, ipv6Only }: LiveOptions,
  signal: AbortSignal,
): Promise<LiveVariants> {
  const [v4, v6] = await Promise.all(
    FAMILIES.map((family) =>
      liveVariant(deps, family, forceBinary, family === 'v4' ? !ipv6Only : enableIPv6, signal),
    ),
  );
  return { v4, v6 };
}

async function liveVariant(
  deps: PatienceDeps,
  family: Family,
  force: string,
  needed: boolean,
  signal: AbortSignal,
): Promise<LiveVariant | undefined> {
  const evidence = await gatherEvidence(deps, family, force, false);
  try {
    const variant = await chooseVariant(deps, evidence, 'read', signal);
    return { ...variant, reason: reasonFor(variant, evidence) };
  } catch (error) {
    if (needed || !(error instanceof CaptureError)) throw error;
    deps.log.debug(error.message); // nothing is planned for this family
    return undefined;
  }
}

function reasonFor({ name, dump }: DetectedVariant, { force, candidates, aside }: Evidence): string {
  if (force !== '') return 'forced by --force-iptables-binary';
  const refused = candidates.filter((other) => other.name !== name && other.problem !== undefined);
  if (holdsOwnChains(dump)) return 'it holds rules of an earlier run';
  if (name.endsWith('-legacy') && holdsRules(dump)) return 'it holds rules of this host';
  if (refused.length > 0) return `${refused.map((other) => other.name).join(' and ')} cannot be used`;
  return aside.length > 0 ? `${aside[0]?.name} holds no rules` : 'it is the one for new rules';
}
