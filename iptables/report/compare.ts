// Two sets of rules, chain by chain and rule by rule: what both have, what only one has, and what stands in another
// order. Rules are equal when they mean the same. Rules of others are shown, and count as no difference. Pure.

import { meaningOf, type ReadRule } from '../model/read-rule.ts';
import type { RuleSet } from '../model/rule-set.ts';
import { OWN_CHAIN_PREFIX } from '../rules/rule.ts';

export interface ComparedRule {
  readonly rule: string;
  /** `missing`: only wanted; `unwanted`: only there; `foreign`: of others. */
  readonly state: 'same' | 'missing' | 'unwanted' | 'foreign';
  /** True for a rule that both sides have, at different places. */
  readonly moved: boolean;
  /** What it is for; empty when nobody says. */
  readonly why: string;
}

export interface ComparedChain {
  readonly table: string;
  readonly chain: string;
  readonly differs: boolean;
  /** In the order of the kernel, with what is missing at its place. */
  readonly rules: readonly ComparedRule[];
}

/** @param isStray a rule in a chain of others that an earlier run has left; jumps into own chains are known as such */
export function compareRules(
  wanted: RuleSet,
  live: RuleSet,
  isStray: (rule: ReadRule) => boolean = () => false,
): readonly ComparedChain[] {
  const tables = [...new Set([...wanted.tables.keys(), ...live.tables.keys()])].toSorted();
  return tables.flatMap((table) => {
    const [left, right] = [wanted.tables.get(table), live.tables.get(table)];
    const chains = [...new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])].toSorted();
    return chains.map((chain) => {
      const own = live.kind === 'nftables' || chain.startsWith(OWN_CHAIN_PREFIX);
      const rules = compareChain(left?.get(chain) ?? [], right?.get(chain) ?? [], (rule) => {
        return own || leadsToOwn(rule) || isStray(rule);
      });
      const leftOver = own && right?.has(chain) === true && left?.has(chain) !== true;
      return { table, chain, rules, differs: leftOver || rules.some(isDifference) };
    });
  });
}

function isDifference({ state }: ComparedRule): boolean {
  return state === 'missing' || state === 'unwanted';
}

function leadsToOwn({ actions }: ReadRule): boolean {
  return actions.some((action) => 'chain' in action && action.chain.startsWith(OWN_CHAIN_PREFIX));
}

function compareChain(
  wanted: readonly ReadRule[],
  live: readonly ReadRule[],
  isOwn: (rule: ReadRule) => boolean,
): readonly ComparedRule[] {
  const wantedMeanings = new Set(wanted.map(meaningOf));
  const rows = aligned(wanted, live).map(({ rule, side }) => {
    const foreign = side === 'live' && !isOwn(rule) && !wantedMeanings.has(meaningOf(rule));
    return { rule, state: foreign ? ('foreign' as const) : STATES[side] };
  });
  const meanings = (state: ComparedRule['state']): ReadonlySet<string> =>
    new Set(rows.filter((row) => row.state === state).map(({ rule }) => meaningOf(rule)));
  const [missing, unwanted] = [meanings('missing'), meanings('unwanted')];
  return rows.map(({ rule, state }) => ({
    rule: rule.text,
    state,
    moved: missing.has(meaningOf(rule)) && unwanted.has(meaningOf(rule)),
    why: rule.why ?? rule.comment ?? '',
  }));
}

const STATES = { both: 'same', wanted: 'missing', live: 'unwanted' } as const;

interface Aligned {
  readonly rule: ReadRule;
  readonly side: keyof typeof STATES;
}

/** As few rules as possible stand on one side alone: the longest common subsequence stands on both. */
function aligned(wanted: readonly ReadRule[], live: readonly ReadRule[]): readonly Aligned[] {
  const [left, right] = [wanted.map(meaningOf), live.map(meaningOf)];
  const common = commonLengths(left, right);
  const rows: Aligned[] = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [mine, other] = [wanted[i], live[j]];
    if (mine !== undefined && left[i] === right[j]) {
      rows.push({ rule: mine, side: 'both' });
      i++;
      j++;
    } else if (
      other !== undefined &&
      (mine === undefined || lengthAt(common, i, j + 1) >= lengthAt(common, i + 1, j))
    ) {
      rows.push({ rule: other, side: 'live' });
      j++;
    } else if (mine !== undefined) {
      rows.push({ rule: mine, side: 'wanted' });
      i++;
    }
  }
  return rows;
}

type Lengths = readonly (readonly number[])[];

function lengthAt(lengths: Lengths, i: number, j: number): number {
  return lengths[i]?.[j] ?? 0;
}

/** At `[i][j]`: how many rules the ends of both lists from there on have in common, in order. */
function commonLengths(left: readonly string[], right: readonly string[]): Lengths {
  const lengths: number[][] = left.map(() => []);
  for (let i = left.length - 1; i >= 0; i--) {
    const row = lengths[i] ?? [];
    for (let j = right.length - 1; j >= 0; j--) {
      row[j] =
        left[i] === right[j]
          ? lengthAt(lengths, i + 1, j + 1) + 1
          : Math.max(lengthAt(lengths, i + 1, j), row[j + 1] ?? 0);
    }
  }
  return lengths;
}
