// Asks a family's kernel tables whether the planned rules are there already. A table commits as a whole, so each is
// found complete, or without anything of ours, or changed: a run that was killed leaves the first two kinds only.

import { messageOf } from '../../src/runtime/errors.ts';
import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';
import { restoreText } from '../rules/restore.ts';
import { type Family, type Rule, ruleWords } from '../rules/rule.ts';
import type { FamilyTools } from '../tools/family-tools.ts';
import { isEmptyState, ownChains, parseState, shapeDifferences, type State } from './state.ts';

/** What one family holds, and what is planned for it. */
export interface PresentFamily {
  readonly family: Family;
  readonly tools: FamilyTools;
  readonly rules: readonly Rule[];
  /** What was there before this run; empty when it could not be read. */
  readonly before: State;
}

export interface VerifiedFamily extends PresentFamily {
  /** Somebody's rules or own chains exist. */
  readonly residue: boolean;
  /** The planned rules are not all there, or more than they. */
  readonly delta: boolean;
  /** Planned tables that hold nothing of ours: their rules only have to be added. */
  readonly absent: ReadonlySet<string>;
  /** How a planned table differs; its rules cannot simply be added. */
  readonly conflict?: string;
  /** An own chain in a table for which nothing is planned. */
  readonly stray?: string;
}

export interface Verdict {
  readonly residueExists: boolean;
  readonly deltaExists: boolean;
}

/** Unreadable counts as nothing there: the restore that follows says what is wrong. */
export async function readState(tools: FamilyTools, log: Log, signal: AbortSignal): Promise<State> {
  try {
    return parseState(await tools.save(signal));
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    log.warn(`cannot read the present rules: ${messageOf(error)}`);
    return parseState('');
  }
}

export async function verifyFamily(
  present: PresentFamily,
  log: Log,
  signal: AbortSignal,
): Promise<VerifiedFamily> {
  const { rules, before, tools } = present;
  const planned = new Set(rules.map(({ table }) => table));
  if (isEmptyState(before)) return { ...present, residue: false, delta: planned.size > 0, absent: planned };
  const absent = new Set([...planned].filter((table) => ownChains(before, table).length === 0));
  const there = rules.filter(({ table }) => !absent.has(table));
  const conflict = await firstConflict(there, before, tools, signal);
  const stray = firstStray(planned, before);
  for (const difference of [conflict, stray]) {
    if (difference !== undefined) log.info(`${tools.label}: ${difference}`);
  }
  return {
    ...present,
    residue: true,
    delta: absent.size > 0 || conflict !== undefined || stray !== undefined,
    absent,
    ...(conflict !== undefined && { conflict }),
    ...(stray !== undefined && { stray }),
  };
}

/** @param rules of the tables that hold something of ours */
async function firstConflict(
  rules: readonly Rule[],
  before: State,
  tools: FamilyTools,
  signal: AbortSignal,
): Promise<string | undefined> {
  const tables = new Set(rules.map(({ table }) => table));
  const wanted = parseState(restoreText(rules));
  const [difference] = shapeDifferences(only(wanted, tables), only(before, tables));
  if (difference !== undefined) return difference;
  const { Presence } = await import('./presence.ts'); // most runs find nothing to compare
  const presence = new Presence(before, (args) => tools.succeeds(args));
  for (const rule of rules) {
    signal.throwIfAborted();
    if (await presence.has(rule)) continue;
    return `${rule.table} lacks the rule ${ruleWords(rule).join(' ')}`;
  }
  return undefined;
}

function only(state: State, tables: ReadonlySet<string>): State {
  return new Map([...state].filter(([table]) => tables.has(table)));
}

function firstStray(planned: ReadonlySet<string>, before: State): string | undefined {
  const [stray] = [...before.keys()]
    .filter((table) => !planned.has(table))
    .flatMap((table) => ownChains(before, table).map((chain) => `${table}/${chain} is not wanted`));
  return stray;
}

/** One answer for both families. What is left where nothing is planned is only worth a log line. */
export function combineVerdicts(families: readonly VerifiedFamily[], log: Log): Verdict {
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
