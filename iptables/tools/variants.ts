// The variants of both families: which of them a run needs, and what is said of one that it can do without.

import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';
import type { Family } from '../rules/rule.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { CaptureRequest } from '../settings/capture-request.ts';
import { holdsOwnChains } from '../state/state.ts';
import { chooseVariant, type DetectedVariant, type Evidence, gatherEvidence } from './detection.ts';
import type { PatienceDeps } from './retry.ts';
import { PLAIN_NAMES, type Variant } from './variant.ts';

/** The variant of each family; absent where none is usable and none is needed. */
export type Variants = Readonly<Record<Family, (Variant & Partial<DetectedVariant>) | undefined>>;

export interface DetectionOptions extends Pick<CaptureRequest, 'cleanup' | 'forceBinary'> {
  /** See isIPv6Only. */
  readonly ipv6Only: boolean;
  /** For a report: nothing is changed to find out, so no variant proves that it can write. */
  readonly readOnly?: boolean;
}

type DetectedVariants = Readonly<Record<Family, DetectedVariant | undefined>>;

export interface FoundVariants {
  readonly chosen: DetectedVariants;
  /** What holds own chains beside the chosen one: rules of upstream can be in both. */
  readonly others: DetectedVariants;
  /** What was chosen from. */
  readonly evidence: Readonly<Record<Family, Evidence>>;
}

/** @throws CaptureError when a family whose rules are to be changed has no usable tools */
export async function detectVariants(
  deps: PatienceDeps,
  { enableIPv6 }: CaptureConfig,
  { cleanup, forceBinary, ipv6Only, readOnly = false }: DetectionOptions,
  signal: AbortSignal,
): Promise<FoundVariants> {
  const [first, second] = await Promise.all([
    gatherEvidence(deps, 'v4', forceBinary, !readOnly),
    gatherEvidence(deps, 'v6', forceBinary, !readOnly),
  ]);
  const use = readOnly ? 'read' : 'write';
  const v4 = chooseVariant(deps, first, use, signal);
  const usableV4 = ipv6Only ? await orWarn(v4, first, 'this host has no IPv4 address', deps.log) : await v4;
  const v6 = chooseVariant(deps, second, enableIPv6 ? use : 'read', signal);
  const dispensable = cleanup === 'all' ? 'this removes what it can' : enableIPv6 ? undefined : NO_IPV6;
  const usableV6 = dispensable === undefined ? await v6 : await orWarn(v6, second, dispensable, deps.log);
  return {
    chosen: { v4: usableV4, v6: usableV6 },
    others: {
      v4: await otherHolder(deps, first, usableV4, signal),
      v6: await otherHolder(deps, second, usableV6, signal),
    },
    evidence: { v4: first, v6: second },
  };
}

async function otherHolder(
  deps: PatienceDeps,
  evidence: Evidence,
  chosen: DetectedVariant | undefined,
  signal: AbortSignal,
): Promise<DetectedVariant | undefined> {
  const candidates = [...evidence.candidates, ...evidence.aside].filter(
    ({ name, dump }) => name !== chosen?.name && holdsOwnChains(dump),
  );
  if (chosen === undefined || candidates.length === 0) return undefined;
  return chooseVariant(deps, { ...evidence, candidates }, 'read', signal);
}

const NO_IPV6 = 'IPv6 support is disabled (ENABLE_INBOUND_IPV6=false)';

async function orWarn(
  choice: Promise<DetectedVariant>,
  { family }: Evidence,
  why: string,
  log: Log,
): Promise<DetectedVariant | undefined> {
  try {
    return await choice;
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const program = PLAIN_NAMES[family];
    log.warn(`Failed to detect a working ${program} binary; continuing because ${why}: ${error.message}`);
    return undefined;
  }
}
