// One installed iptables as a candidate for this run: what it has saved, or why it cannot be used.

import { CaptureError } from '../errors.ts';
import { failureId, oneLine } from './failure.ts';
import { countLeftProbes, PROBE_ARGUMENTS, withoutLeftProbes } from './probe-rule.ts';
import { type PatienceDeps, runPatiently } from './retry.ts';
import { parseVersion, programOf, waitArguments } from './variant.ts';

export interface Candidate {
  /** The program that changes single rules, for example `iptables-nft`. */
  readonly name: string;
  readonly dump: string;
  readonly problem?: CaptureError;
}

/** For work that must be done although the run was told to stop. */
const NEVER = new AbortController().signal;

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
    if (tidy) await removeLeftProbes(deps, name, stdout);
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

async function removeLeftProbes(deps: PatienceDeps, name: string, dump: string): Promise<void> {
  const version = parseVersion(dump.split('\n', 1)[0] ?? '');
  const wait = version === undefined ? [] : waitArguments(version, 'rule');
  for (let left = countLeftProbes(dump); left > 0; left--) {
    deps.log.warn(`${name}: removing the probe of a run that was killed`);
    const args = ['-t', 'nat', '-D', ...PROBE_ARGUMENTS, ...wait];
    await runPatiently(deps, { file: name, args }, NEVER);
  }
}
