// Finds the iptables to use: `iptables-legacy` and `iptables-nft` write to different places of one kernel, so rules
// set by one are not seen by the other. Evidence is what each saves; proof is a harmless rule set and removed.
// Upstream counterpart: tools/istio-iptables/pkg/dependencies/implementation.go DetectIptablesVersion.

import { messageOf } from '../src/runtime/errors.ts';
import type { Log } from '../src/runtime/log.ts';
import { CaptureError } from './errors.ts';
import { isDenied, oneLine, remedyFor } from './failure.ts';
import type { Family } from './rule-list.ts';
import { OWN_CHAIN_PREFIX } from './rule-list.ts';
import type { RunTool } from './tools.ts';
import { ToolStartError } from './tools.ts';
import { parseVersion, PLAIN_NAMES, programOf, type Variant, waitArguments } from './variant.ts';

export interface DetectionDeps {
  readonly run: RunTool;
  readonly log: Log;
}

/** A program and what it saved, or why it cannot be used. */
interface Candidate {
  readonly name: string;
  readonly dump: string;
  readonly problem?: unknown;
}

/**
 * @param force `legacy`, `nft`, or empty to choose by what is found
 * @throws CaptureError when no variant of this family can be used; its message names cause and remedy
 */
export async function detectVariant(deps: DetectionDeps, family: Family, force: string): Promise<Variant> {
  const problems: unknown[] = [];
  for await (const candidate of candidates(deps, PLAIN_NAMES[family], force)) {
    try {
      return { family, name: candidate.name, ...(await prove(deps, candidate)) };
    } catch (error) {
      problems.push(error);
    }
  }
  throw noVariant(PLAIN_NAMES[family], problems);
}

/** In the order in which they are tried; the plain name is inspected only when the others have failed. */
async function* candidates(deps: DetectionDeps, plain: string, force: string): AsyncIterable<Candidate> {
  if (force !== '') {
    if (force !== 'legacy' && force !== 'nft')
      throw new CaptureError(`iptables binary "${force}" unsupported`);
    yield await inspect(deps, `${plain}-${force}`);
    return;
  }
  const legacy = await inspect(deps, `${plain}-legacy`);
  const nft = await inspect(deps, `${plain}-nft`);
  const holders = [legacy, nft].filter(({ dump }) => holdsOwnChains(dump));
  const holder = holders.length === 1 ? holders : [];
  // A legacy variant without rules is not even probed: the probe alone would create its tables.
  const used = holdsRules(legacy.dump) ? [legacy] : [];
  yield* new Set([...holder, ...used, nft]);
  yield await inspect(deps, plain);
}

async function inspect({ run }: DetectionDeps, name: string): Promise<Candidate> {
  const file = programOf({ name }, 'save');
  try {
    const { code, stdout, stderr } = await run({ file, args: [] });
    if (code === 0) return { name, dump: stdout };
    const problem = new CaptureError(`failed to execute ${file}: exit status ${code} ${oneLine(stderr)}`);
    return { name, dump: '', problem };
  } catch (problem) {
    return { name, dump: '', problem };
  }
}

function holdsOwnChains(dump: string): boolean {
  return new RegExp(`^:${OWN_CHAIN_PREFIX}`, 'm').test(dump);
}

/** Counting lines would not do: a table that was only looked at is saved too, without rules. */
function holdsRules(dump: string): boolean {
  return holdsOwnChains(dump) || /^-[AI] /m.test(dump);
}

async function prove(
  deps: DetectionDeps,
  candidate: Candidate,
): Promise<Pick<Variant, 'version' | 'legacy'>> {
  if (candidate.problem !== undefined) throw candidate.problem;
  const version = await versionOf(deps, candidate.name);
  await probeKernel(deps, candidate.name, waitArguments(version, 'rule'));
  return version;
}

async function versionOf(
  { run, log }: DetectionDeps,
  name: string,
): Promise<Pick<Variant, 'version' | 'legacy'>> {
  const file = programOf({ name }, 'save');
  const { code, stdout, stderr } = await run({ file, args: ['--version'] });
  if (code !== 0 || stderr.includes('unrecognized option')) {
    log.warn(`${file} does not tell its version; taken for an old legacy one`);
    return { version: [0, 0, 0], legacy: true };
  }
  const version = parseVersion(stdout);
  if (version === undefined)
    throw new CaptureError(`no version in the output of ${file}: ${oneLine(stdout)}`);
  return version;
}

/** Matches protocol 255, which nobody sends. */
const PROBE_RULE: readonly string[] = ['INPUT', '-p', '255', '-j', 'RETURN'];

async function probeKernel({ run }: DetectionDeps, file: string, wait: readonly string[]): Promise<void> {
  const { code, stderr } = await run({ file, args: ['-t', 'nat', '-A', ...PROBE_RULE, ...wait] });
  if (code !== 0 || stderr.includes('does not exist')) {
    throw new CaptureError(
      `iptables binary ${file} has no loaded kernel support and cannot be used, ` +
        `err: exit status ${code} out: ${oneLine(stderr)}`,
    );
  }
  await run({ file, args: ['-t', 'nat', '-D', ...PROBE_RULE, ...wait] });
}

/** One line: what stood in the way, what to do, and what was tried. */
function noVariant(plain: string, problems: readonly unknown[]): CaptureError {
  const cause = problems.at(-1);
  const texts = problems.map(messageOf);
  const denied = texts.find(isDenied);
  if (denied !== undefined) return new CaptureError(`${remedyFor(denied)} (${denied})`, { cause });
  if (problems.every((problem) => problem instanceof ToolStartError && problem.missing)) {
    const message = `no ${plain} found: install the iptables package in this image, or let a CNI plugin set the rules`;
    return new CaptureError(message, { cause });
  }
  const remedy = texts.map(remedyFor).find((text) => text !== '');
  const details = texts.join('; ');
  return new CaptureError(remedy === undefined ? details : `${remedy} (${details})`, { cause });
}
