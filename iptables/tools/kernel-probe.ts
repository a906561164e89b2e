// The harmless rule that proves that the kernel takes rules. A run that is killed between setting and removing it
// leaves it behind; the next one finds it by its text.

import { CaptureError } from '../errors.ts';
import { failureId, oneLine } from './failure.ts';
import { NEVER, type PatienceDeps, runPatiently } from './retry.ts';

/** Matches protocol 255, which nobody sends. */
const RULE: readonly string[] = ['INPUT', '-p', '255', '-j', 'RETURN'];

const SAVED = `-A ${RULE.join(' ')}`;

/**
 * Sets the rule and removes it.
 *
 * @param file the program that changes single rules
 * @throws CaptureError when the kernel does not take it
 */
export async function probeKernel(
  deps: PatienceDeps,
  file: string,
  wait: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { code, stderr } = await runPatiently(deps, { file, args: change('-A', wait) }, signal);
  if (code !== 0 || stderr.includes('does not exist')) {
    const id = failureId(stderr);
    throw new CaptureError(
      `iptables binary ${file} has no loaded kernel support and cannot be used, ` +
        `err: exit status ${code} out: ${oneLine(stderr)}`,
      { id: id === 'IPT-TOOL-FAILED' ? 'IPT-NO-MODULE' : id },
    );
  }
  await runPatiently(deps, { file, args: change('-D', wait) }, NEVER);
}

/** Removes as many as killed runs have left. */
export async function removeLeftProbes(
  deps: PatienceDeps,
  file: string,
  wait: readonly string[],
  dump: string,
): Promise<void> {
  const left = dump.split('\n').filter((line) => line === SAVED);
  for (const _probe of left) {
    deps.log.warn(`${file}: removing the probe of a run that was killed`);
    await runPatiently(deps, { file, args: change('-D', wait) }, NEVER);
  }
}

/** The dump as it is without them. */
export function withoutLeftProbes(dump: string): string {
  return dump
    .split('\n')
    .filter((line) => line !== SAVED)
    .join('\n');
}

function change(verb: '-A' | '-D', wait: readonly string[]): readonly string[] {
  return ['-t', 'nat', verb, ...RULE, ...wait];
}
