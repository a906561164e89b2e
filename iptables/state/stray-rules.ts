// Rules that other flags have left alone in chains of others, where no name tells whose they are. They are known by
// what stands beside them: rules of TPROXY by the mark that an own chain tests, rules for whole interfaces by the
// jumps into own chains that they were added with. Pure.

import { OWN_CHAIN_PREFIX } from '../rules/rule.ts';
import { shellWords } from '../rules/shell-words.ts';
import { OUTBOUND_MARK } from '../rules/tproxy-rules.ts';
import { bareRule, ownChains, type State } from './state.ts';

export interface StrayRule {
  readonly table: string;
  /** As saved, beginning with `-A`. */
  readonly line: string;
}

/** @param state with own chains still in place: without them nothing is taken for ours */
export function strayRules(state: State): readonly StrayRule[] {
  const marks = tproxyMarks(state);
  return [
    ...markStrays(state, marks),
    ...excludedInterfaces(state, 'nat', marks),
    ...excludedInterfaces(state, 'mangle', marks),
    ...virtualInterfaces(state),
  ];
}

/** Marks of TPROXY, as numbers: what the own chain of arriving packets lets pass. */
export function tproxyMarks(state: State): readonly number[] {
  const lines = linesOf(state, 'mangle', `${OWN_CHAIN_PREFIX}INBOUND`);
  const passing = lines.map(shellWords).filter((words) => words.at(-1) === 'RETURN' && !words.includes('!'));
  return passing.flatMap((words) => numberAfter(words, '--mark') ?? []);
}

function markStrays(state: State, marks: readonly number[]): readonly StrayRule[] {
  return ['PREROUTING', 'OUTPUT']
    .flatMap((chain) => linesOf(state, 'mangle', chain))
    .filter((line) => carriesMark(line, marks))
    .map((line) => ({ table: 'mangle', line }));
}

/** Tests one of our marks, or sets the one of the proxy's own calls. */
function carriesMark(line: string, marks: readonly number[]): boolean {
  if (marks.length === 0) return false;
  const words = shellWords(line);
  const tested = numberAfter(words, '--mark');
  return (
    (tested !== undefined && marks.includes(tested)) || numberAfter(words, '--set-xmark') === OUTBOUND_MARK
  );
}

/** Of `--mark 0x539` or `--set-xmark 0x53a/0xffffffff`. */
function numberAfter(words: readonly string[], option: string): number | undefined {
  const at = words.indexOf(option);
  const number = at < 0 ? Number.NaN : Number(words[at + 1]?.split('/')[0]);
  return Number.isNaN(number) ? undefined : number;
}

/** They stand right before the first own rule of what leaves, and each has a counterpart among what arrives. */
function excludedInterfaces(state: State, table: string, marks: readonly number[]): readonly StrayRule[] {
  if (ownChains(state, table).length === 0) return [];
  const leaving = linesOf(state, table, 'OUTPUT');
  const own = leaving.findIndex((line) => jumpsToOwn(line) || carriesMark(line, marks));
  const before = leaving.slice(0, Math.max(own, 0)).map((line) => returningInterface(line, '-o'));
  const together = new Set(before.slice(before.lastIndexOf(undefined) + 1)); // one that is there twice is ours once
  return [...together].flatMap((name) => {
    const outbound = leaving.find((line) => returningInterface(line, '-o') === name);
    const inbound = linesOf(state, table, 'PREROUTING').find(
      (line) => returningInterface(line, '-i') === name,
    );
    if (name === undefined || inbound === undefined || outbound === undefined) return [];
    return [inbound, outbound].map((line) => ({ table, line }));
  });
}

/** They stand right after the redirects of the same interfaces. */
function virtualInterfaces(state: State): readonly StrayRule[] {
  const lines = linesOf(state, 'nat', 'PREROUTING');
  const redirects = lines.map(
    (line) => /^-A \S+ (?:.* )?-i (\S+) -j ISTIO_REDIRECT$/.exec(bareRule(line))?.[1],
  );
  const last = redirects.findLastIndex((name) => name !== undefined);
  if (last < 0) return [];
  const known = new Set(redirects);
  const after = lines.slice(last + 1);
  const end = after.findIndex((line) => !known.has(returningInterface(line, '-i') ?? ''));
  return after.slice(0, end < 0 ? undefined : end).map((line) => ({ table: 'nat', line }));
}

/** The interface of a rule that says no more than "let this one be". */
function returningInterface(line: string, option: '-i' | '-o'): string | undefined {
  return new RegExp(`^-A \\S+ ${option} (\\S+) -j RETURN$`).exec(bareRule(line))?.[1];
}

function linesOf(state: State, table: string, chain: string): readonly string[] {
  return state.get(table)?.get(chain) ?? [];
}

function jumpsToOwn(line: string): boolean {
  return line.includes(` -j ${OWN_CHAIN_PREFIX}`);
}
