// One installed iptables as a candidate for this run: what it has saved, or why it cannot be used.

import { CaptureError } from '../errors.ts';
import { failureId, oneLine } from './failure.ts';
import { removeLeftProbes, withoutLeftProbes } from './kernel-probe.ts';
import type { PatienceDeps } from './retry.ts';
import { parseVersion, programOf, waitArguments } from './variant.ts';

export interface Candidate {
  /** The program that changes single rules, for example `iptables-nft`. */
  readonly name: string;
  readonly dump: string;
  readonly problem?: CaptureError;
}

/**
 * Reads what a variant holds.
 *
 * @param tidy remove the probes that a killed run has left in it; false: only overlook them
 */
export async function inspect(deps: PatienceDeps, name: string, tidy = true): Promise<Candidate> {
  const file = programOf({ name }, 'save');
  try {
    const { code, stdout, stderr } = await deps.run({ file, args: [] });
    if (code !== 0) return { name, dump: '', problem: refusal(file, code, stderr) };
    if (tidy) await removeLeftProbes(deps, name, waitOf(stdout), stdout);
    return { name, dump: withoutLeftProbes(stdout) };
  } catch (problem) {
    if (!(problem instanceof CaptureError)) throw problem;
    return { name, dump: '', problem };
  }
}

function refusal(file: string, code: number, stderr: string): CaptureError {
  const message = `failed to execute ${file}: exit status ${code} ${oneLine(stderr)}`;
  return new CaptureError(message, { id: failureId(stderr) });
}

/** As far as the dump tells its version. */
function waitOf(dump: string): readonly string[] {
  const version = parseVersion(dump.split('\n', 1)[0] ?? '');
  return version === undefined ? [] : waitArguments(version, 'rule');
}
