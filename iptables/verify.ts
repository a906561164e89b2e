// Asks a family's kernel tables whether the planned rules are there already.

import { messageOf } from '../src/runtime/errors.ts';
import type { Log } from '../src/runtime/log.ts';
import { checkCommands } from './commands.ts';
import { CaptureError } from './errors.ts';
import type { FamilyTools } from './family-tools.ts';
import { restoreText } from './restore.ts';
import type { Rule } from './rule-list.ts';
import { isEmptyState, parseState, shapeDifferences, type State } from './state.ts';

export interface FamilyVerdict {
  readonly rules: readonly Rule[];
  /** What was there before this run; empty when it could not be read. */
  readonly before: State;
  /** Somebody's rules or own chains exist. */
  readonly residue: boolean;
  /** The planned rules are not all there, or more than they. */
  readonly delta: boolean;
}

export interface Verdict {
  readonly residueExists: boolean;
  readonly deltaExists: boolean;
}

/** @param tools absent when the family has no usable program; reading then counts as failed */
export async function verifyFamily(
  rules: readonly Rule[],
  tools: FamilyTools | undefined,
  log: Log,
  signal: AbortSignal,
): Promise<FamilyVerdict> {
  const planned = rules.length > 0;
  const before = parseState(await savedText(tools, log, signal));
  if (tools === undefined || isEmptyState(before)) return { rules, before, residue: false, delta: planned };
  const difference = await firstDifference(rules, before, tools, signal);
  if (difference !== undefined) log.info(`${tools.label}: ${difference}`);
  return { rules, before, residue: true, delta: difference !== undefined };
}

async function savedText(tools: FamilyTools | undefined, log: Log, signal: AbortSignal): Promise<string> {
  if (tools === undefined) return '';
  try {
    return await tools.save(signal);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    // Unreadable counts as nothing there: the restore that follows says what is wrong.
    log.warn(`cannot read the present rules: ${messageOf(error)}`);
    return '';
  }
}

async function firstDifference(
  rules: readonly Rule[],
  before: State,
  tools: FamilyTools,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [difference] = shapeDifferences(parseState(restoreText(rules)), before);
  if (difference !== undefined) return difference;
  for (const args of checkCommands(rules)) {
    signal.throwIfAborted();
    if (!(await tools.succeeds(args))) return `no rule ${args.join(' ')}`;
  }
  return undefined;
}

/** One answer for both families. What is left where nothing is planned is only worth a log line. */
export function combineVerdicts(families: readonly FamilyVerdict[], log: Log): Verdict {
  const left = families.filter(({ residue }) => residue);
  if (left.some(({ rules }) => rules.length === 0)) {
    log.info('Found residues of iptables rules in a family that is not captured; they are left alone');
  }
  if (!left.some(({ rules }) => rules.length > 0)) {
    log.info('Clean-state detected, new iptables are needed');
    return { residueExists: false, deltaExists: true };
  }
  const deltaExists = families.some(({ delta }) => delta);
  log.info(
    deltaExists
      ? 'Found residues of old iptables rules/chains, reconciliation is recommended'
      : 'Found compatible residues of old iptables rules/chains, reconciliation not needed',
  );
  return { residueExists: true, deltaExists };
}
