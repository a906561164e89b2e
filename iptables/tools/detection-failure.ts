// Why no variant of a family can be used, in one line: the reasons of those that are installed, and an id for the
// weightiest of them.

import type { ErrorId } from '../error-ids.ts';
import { CaptureError } from '../errors.ts';
import type { Candidate } from './candidate.ts';
import { ToolStartError } from './run-tool.ts';

export interface RefusedVariant {
  readonly name: string;
  readonly problem: CaptureError;
}

/**
 * @param plain the family's name, `iptables` or `ip6tables`
 * @param aside looked at and not tried
 */
export function noVariant(
  plain: string,
  tried: readonly RefusedVariant[],
  aside: readonly Candidate[],
): CaptureError {
  const cause = tried.at(-1)?.problem;
  const unreadable = aside.flatMap(({ name, problem }) => (problem === undefined ? [] : [{ name, problem }]));
  const reasons = [...tried, ...unreadable].filter(({ problem }) => !isMissing(problem));
  if (reasons.length > 0) {
    return new CaptureError(reasons.map(({ problem }) => problem.message).join('; '), {
      id: weightiest(reasons),
      cause,
    });
  }
  const looked = [...tried, ...aside].map(({ name }) => name).join(', ');
  if (aside.length > unreadable.length) {
    return new CaptureError(`of ${looked} only the legacy one is there`, { id: 'IPT-ONLY-LEGACY', cause });
  }
  return new CaptureError(`no ${plain} found (looked for ${looked})`, { id: 'IPT-NO-TOOL', cause });
}

const BY_WEIGHT: readonly ErrorId[] = ['IPT-NO-NET-ADMIN', 'IPT-LOCKED', 'IPT-LOCK-FILE', 'IPT-NO-MODULE'];

function weightiest(reasons: readonly RefusedVariant[]): ErrorId {
  const ids = new Set(reasons.map(({ problem }) => problem.id));
  return BY_WEIGHT.find((id) => ids.has(id)) ?? 'IPT-TOOL-FAILED';
}

function isMissing(problem: CaptureError): boolean {
  return problem instanceof ToolStartError && problem.missing;
}
