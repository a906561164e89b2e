// The rule builder: rows to command form, restore form, checks, clean-up, guards, and restore text back to state.

import assert from 'node:assert/strict';

import {
  type Arguments,
  checkCommands,
  cleanupCommands,
  undoCommand,
} from '../../../iptables/rules/commands.ts';
import { restoreText } from '../../../iptables/rules/restore.ts';
import {
  append,
  FAMILIES,
  type Family,
  insert,
  ownedChains,
  type Rule,
  ruleWords,
} from '../../../iptables/rules/rule.ts';
import { GUARDRAILS } from '../../../iptables/state/guardrails.ts';
import { parseState } from '../../../iptables/state/state.ts';
import type { ConformanceCase } from '../case.ts';

interface Operation {
  readonly op: 'append' | 'insert';
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  readonly position?: number;
  readonly params: readonly string[];
}

interface Forms {
  readonly commands: string | null;
  readonly restore: string | null;
}

interface BuilderData {
  readonly build: readonly {
    readonly name: string;
    readonly enableIPv6: boolean;
    readonly ops: readonly Operation[];
    readonly expect: Readonly<Record<Family, Forms>>;
  }[];
  readonly check: readonly ListCase[];
  readonly cleanup: readonly ListCase[];
  readonly guardrails: { readonly apply: readonly Arguments[]; readonly remove: readonly Arguments[] };
  readonly stateFromRestore: readonly {
    readonly name: string;
    readonly ops: readonly Operation[];
    readonly expect: unknown;
  }[];
}

interface ListCase {
  readonly name: string;
  readonly ops: readonly Operation[];
  readonly expect: Partial<Record<Family, readonly Arguments[]>>;
}

type ReadGolden = (path: string) => Promise<string>;

export function* builderCases(data: unknown, golden: ReadGolden): Iterable<ConformanceCase> {
  const { build, check, cleanup, guardrails, stateFromRestore } = data as BuilderData;
  for (const { name, enableIPv6, ops, expect } of build) {
    yield { name: `build: ${name}`, run: () => checkForms(rowsByFamily(ops, enableIPv6), expect, golden) };
  }
  yield* listCases('check', check, checkCommands);
  yield* listCases('cleanup', cleanup, cleanupCommands);
  yield {
    name: 'guardrails',
    run: async () => {
      assert.deepEqual(GUARDRAILS.map(addCommand), guardrails.apply);
      assert.deepEqual(GUARDRAILS.map(undoCommand), guardrails.remove);
    },
  };
  for (const { name, ops, expect } of stateFromRestore) {
    yield {
      name: `state from restore: ${name}`,
      run: async () => assert.deepEqual(stateObject(restoreText(rowsByFamily(ops, true).v4)), expect),
    };
  }
}

function* listCases(
  kind: string,
  cases: readonly ListCase[],
  form: (rules: readonly Rule[]) => readonly Arguments[],
): Iterable<ConformanceCase> {
  for (const { name, ops, expect } of cases) {
    yield {
      name: `${kind}: ${name}`,
      run: async () => {
        for (const family of FAMILIES) {
          const wanted = expect[family];
          if (wanted !== undefined) assert.deepEqual(form(rowsByFamily(ops, true)[family]), wanted);
        }
      },
    };
  }
}

async function checkForms(
  rows: Readonly<Record<Family, readonly Rule[]>>,
  expect: Readonly<Record<Family, Forms>>,
  golden: ReadGolden,
): Promise<void> {
  for (const family of FAMILIES) {
    const { commands, restore } = expect[family];
    const built = buildCommands(rows[family]).map((args) => args.join(' '));
    if (commands !== null) assert.deepEqual(built, linesOf(commands === '' ? '' : await golden(commands)));
    const text = linesOf(restoreText(rows[family]));
    if (restore !== null) assert.deepEqual(text, linesOf(restore === '' ? '' : await golden(restore)));
  }
}

function rowsByFamily(
  ops: readonly Operation[],
  enableIPv6: boolean,
): Readonly<Record<Family, readonly Rule[]>> {
  const of = (family: Family): readonly Rule[] => ops.filter((op) => op.family === family).map(rowOf);
  return { v4: of('v4'), v6: enableIPv6 ? of('v6') : [] };
}

function rowOf({ table, chain, position, params }: Operation): Rule {
  const spec = params.join(' ');
  return position === undefined ? append(table, chain, spec, '') : insert(table, chain, position, spec, '');
}

function stateObject(text: string): unknown {
  return Object.fromEntries(
    [...parseState(text)].map(([table, chains]) => [table, Object.fromEntries(chains)]),
  );
}

/** The rules one by one, as nobody sets them any more: chains first. */
function buildCommands(rules: readonly Rule[]): readonly Arguments[] {
  const chains = ownedChains(rules).map(({ table, chain }) => ['-t', table, '-N', chain]);
  return [...chains, ...rules.map(addCommand)];
}

function addCommand(rule: Rule): Arguments {
  return ['-t', rule.table, ...ruleWords(rule)];
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}
