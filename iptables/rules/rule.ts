// What a capture rule is: one row of data. Rules are made by pure functions (plan.ts), rendered for
// `iptables-restore` (restore.ts) or as single commands (commands.ts); nothing here runs a tool.
// Upstream counterpart: tools/istio-iptables/pkg/builder.

export type Family = 'v4' | 'v6';

export const FAMILIES: readonly Family[] = ['v4', 'v6'];

/** For readers. */
export const FAMILY_NAMES: Readonly<Record<Family, string>> = { v4: 'IPv4', v6: 'IPv6' };

/** Of one family; the plan knows of which. */
export interface Rule {
  readonly table: string;
  readonly chain: string;
  /** 1-based place of an inserted rule; absent: the rule is appended. */
  readonly position?: number;
  /** Arguments after the chain, one word each. Their order is part of the contract with goldens. */
  readonly spec: readonly string[];
  /** What the rule is for, in words a reader of `iptables -L` would want. */
  readonly why: string;
  /** What it carries of that into the kernel; absent without --comments. */
  readonly comment?: string;
}

/** The rules of one run in the order they are applied; `v6` is empty when IPv6 is not captured. */
export type RulePlan = Readonly<Record<Family, readonly Rule[]>>;

/** @param spec arguments separated by single blanks; values hold none (settings-check.ts refuses them) */
export function append(table: string, chain: string, spec: string, why: string): Rule {
  return { table, chain, spec: spec.split(' '), why };
}

/** @param position 1 puts the rule first */
export function insert(table: string, chain: string, position: number, spec: string, why: string): Rule {
  return { table, chain, position, spec: spec.split(' '), why };
}

/** `-A CHAIN …` or `-I CHAIN n …`, as in restore input and after `-t TABLE` on a command line. */
export function ruleWords(rule: Rule): readonly string[] {
  return rule.position === undefined
    ? ['-A', rule.chain, ...specWords(rule)]
    : ['-I', rule.chain, String(rule.position), ...specWords(rule)];
}

/** Arguments after the chain, with the comment before the target. */
export function specWords({ spec, comment }: Rule): readonly string[] {
  if (comment === undefined) return spec;
  return spec.toSpliced(spec.lastIndexOf('-j'), 0, '-m', 'comment', '--comment', comment);
}

/** The chain or simple target a rule jumps to: its last word, when the word before it is `-j`. */
export function jumpTarget(rule: Rule): string | undefined {
  return rule.spec.at(-2) === '-j' ? rule.spec.at(-1) : undefined;
}

/** Chains made by this product (and by upstream) carry this prefix; everything else belongs to others. */
export const OWN_CHAIN_PREFIX = 'ISTIO_';

const BUILT_IN: ReadonlySet<string> = new Set(
  'INPUT OUTPUT FORWARD PREROUTING POSTROUTING ACCEPT RETURN DROP'.split(' '),
);

/** True for a name that exists without `-N`: a hook's chain or a standard target. */
export function isBuiltIn(name: string): boolean {
  return BUILT_IN.has(name);
}

export interface TableChain {
  readonly table: string;
  readonly chain: string;
}

/** Chains that own a rule and must be created, in the order first seen. */
export function ownedChains(rules: readonly Rule[]): readonly TableChain[] {
  const seen = new Map<string, TableChain>();
  for (const { table, chain } of rules) {
    if (!isBuiltIn(chain)) seen.set(`${table}/${chain}`, { table, chain });
  }
  return [...seen.values()];
}
