// A rule as what it means: tests on a packet, then actions. Rules planned for iptables, saved by it, planned for
// nftables and listed by it are all read into this one form, so they can be compared and walked alike.

/** What a test looks at. `unknown`: a match of others that nothing here can decide. */
export type Field =
  | 'proto'
  | 'src'
  | 'dst'
  | 'sport'
  | 'dport'
  | 'in'
  | 'out'
  | 'uid'
  | 'gid'
  | 'ctstate'
  | 'mark'
  | 'connmark'
  | 'unknown';

export interface RuleTest {
  readonly field: Field;
  /** True: the rule holds for everything but the values. */
  readonly negated: boolean;
  /**
   * Any of them will do. Addresses are networks without host bits, ports and owners numbers or `from-to`, marks
   * `0x…/0x…`, states lower case.
   */
  readonly values: readonly string[];
}

export type Action =
  | { readonly do: 'jump' | 'goto'; readonly chain: string }
  | { readonly do: 'return' | 'accept' | 'drop' | 'saveMark' | 'restoreMark' }
  | { readonly do: 'redirect'; readonly port: number }
  | { readonly do: 'tproxy'; readonly port: number }
  | { readonly do: 'mark'; readonly value: number; readonly mask: number }
  | { readonly do: 'zone'; readonly zone: number }
  /** A target of others, in their words. */
  | { readonly do: 'other'; readonly words: string };

export interface ReadRule {
  readonly table: string;
  readonly chain: string;
  readonly tests: readonly RuleTest[];
  readonly actions: readonly Action[];
  /** As its tool writes it, beginning with `-A` or, for nftables, with the first match. */
  readonly text: string;
  /** What it is for; absent for a rule that is not of a plan. */
  readonly why?: string;
  /** The comment it carries in the kernel. */
  readonly comment?: string;
}

/** Equal for rules that mean the same, whatever the order of their matches, and whatever their comments say. */
export function meaningOf({ tests, actions }: ReadRule): string {
  const words = tests.map(
    ({ field, negated, values }) => `${negated ? '!' : ''}${field}=${values.toSorted().join(',')}`,
  );
  const does = actions.map((action) => Object.values(action).join(' '));
  return [...[...new Set(words)].toSorted(), ...does].join('; ');
}

/** The rule with its table, and with its chain, which iptables writes into the rule itself. */
export function placedText({ table, chain, text }: Pick<ReadRule, 'table' | 'chain' | 'text'>): string {
  return /^-[AI] /.test(text) ? `${table}: ${text}` : `${table}: ${chain} ${text}`;
}

/** A mark as both tools understand it, with the bits that count. */
export function markText(value: number, mask = ALL_BITS): string {
  return `0x${value.toString(16)}/0x${mask.toString(16)}`;
}

export const ALL_BITS = 0xff_ff_ff_ff;
