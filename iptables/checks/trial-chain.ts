// Asks the kernel whether it takes rules, by putting them into a chain that nothing jumps to. What is refused is asked
// for again piece by piece, to name the match or target that is missing.

import { CaptureError } from '../errors.ts';
import { tableInput } from '../rules/restore.ts';
import { isBuiltIn, OWN_CHAIN_PREFIX, type Rule, specWords } from '../rules/rule.ts';
import { shellLine } from '../rules/shell-words.ts';
import type { FamilyTools } from '../tools/family-tools.ts';

/** With the prefix of own chains, so that a clean-up finds what a killed trial leaves. */
const CHAIN = `${OWN_CHAIN_PREFIX}PREFLIGHT`;

/** @returns by match or target what the tools said; empty when all rules are taken */
export async function refusedExtensions(
  rules: readonly Rule[],
  tools: FamilyTools,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if ((await refusal(rules, tools, signal)) === undefined) return new Map();
  const refused = new Map<string, string>();
  for (const [name, rule] of firstUses(rules)) {
    const words = await refusal([rule], tools, signal);
    if (words !== undefined) refused.set(name, `${name}: ${words}`);
  }
  return refused;
}

/** The first rule of each table that needs an extension, by the extension's name. */
function firstUses(rules: readonly Rule[]): ReadonlyMap<string, Rule> {
  const uses = new Map<string, Rule>();
  for (const rule of rules) {
    for (const name of extensionsOf(rule)) if (!uses.has(name)) uses.set(name, rule);
  }
  return uses;
}

function extensionsOf(rule: Rule): readonly string[] {
  const spec = specWords(rule);
  return spec
    .filter((_word, index) => ['-m', '-j'].includes(spec[index - 1] ?? ''))
    .filter((name) => !isBuiltIn(name) && !name.startsWith(OWN_CHAIN_PREFIX));
}

async function refusal(
  rules: readonly Rule[],
  tools: FamilyTools,
  signal: AbortSignal,
): Promise<string | undefined> {
  const tables = [...new Set(rules.map(({ table }) => table))].toSorted();
  try {
    await tools.restoreQuietly(tables.map((table) => trialTable(table, rules)).join(''), signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return error.message;
  } finally {
    for (const table of tables) {
      for (const verb of ['-F', '-X']) await tools.succeeds(['-t', table, verb, CHAIN]);
    }
  }
}

function trialTable(table: string, rules: readonly Rule[]): string {
  const specs = rules.filter((rule) => rule.table === table).map(withoutOwnTarget);
  const lines = [...new Set(specs)].map((spec) => `-A ${CHAIN} ${spec}`);
  return tableInput(table, [`-N ${CHAIN}`, ...lines]);
}

/** An own chain is not there to be jumped to. */
function withoutOwnTarget(rule: Rule): string {
  return shellLine(specWords(rule).map((word) => (word.startsWith(OWN_CHAIN_PREFIX) ? 'RETURN' : word)));
}
