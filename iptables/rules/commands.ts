// Rules as single `iptables` command lines: to build, check, undo and clean up, and the guard rules that hold
// traffic while rules are replaced. Pure; every form is derived from the same rows that restore.ts renders.

import {
  isBuiltIn,
  jumpTarget,
  OWN_CHAIN_PREFIX,
  ownedChains,
  ruleWords,
  specWords,
  type Rule,
  type TableChain,
} from './rule.ts';

/** Arguments of one `iptables` call. */
export type Arguments = readonly string[];

/** Creates every chain that owns a rule, then adds the rules. */
export function buildCommands(rules: readonly Rule[]): readonly Arguments[] {
  const chains = ownedChains(rules).map(({ table, chain }) => ['-t', table, '-N', chain]);
  return [...chains, ...rules.map(addCommand)];
}

/** Exit 0 when the rule exists. */
export function checkCommands(rules: readonly Rule[]): readonly Arguments[] {
  return rules.map((rule) => ['-t', rule.table, '-C', rule.chain, ...specWords(rule)]);
}

/** Removes the rules in reverse order, then empties and deletes the chains that held them. */
export function cleanupCommands(rules: readonly Rule[]): readonly Arguments[] {
  const reversed = rules.toReversed();
  const undo = reversed.filter(needsUndo).map(undoCommand);
  return [...undo, ...ownedChains(reversed).flatMap(dropChain)];
}

/** Hold all TCP and UDP traffic: set while rules are being replaced, so that nothing slips past the proxy. */
export function guardrailCommands(): readonly Arguments[] {
  return GUARDRAILS.map(addCommand);
}

export function guardrailRemovalCommands(): readonly Arguments[] {
  return GUARDRAILS.map(undoCommand);
}

const GUARDRAILS: readonly Rule[] = ['INPUT', 'FORWARD', 'OUTPUT'].flatMap((chain) =>
  ['tcp', 'udp'].map((protocol) => ({
    table: 'filter',
    chain,
    position: 1,
    spec: ['-p', protocol, '-j', 'DROP'],
    why: 'nothing passes while rules are replaced',
  })),
);

function addCommand(rule: Rule): Arguments {
  return ['-t', rule.table, ...ruleWords(rule)];
}

function undoCommand(rule: Rule): Arguments {
  return ['-t', rule.table, '-D', rule.chain, ...specWords(rule)];
}

/** A rule inside an own chain goes when the chain is emptied, except a jump that would keep its target busy. */
function needsUndo(rule: Rule): boolean {
  if (!rule.chain.startsWith(OWN_CHAIN_PREFIX)) return true;
  return jumpTarget(rule)?.startsWith(OWN_CHAIN_PREFIX) ?? false;
}

function dropChain({ table, chain }: TableChain): readonly Arguments[] {
  if (isBuiltIn(chain)) return [];
  return [
    ['-t', table, '-F', chain],
    ['-t', table, '-X', chain],
  ];
}
