// Whether rules stand in the kernel, by what they mean: the tools write rules in their own order and with their own
// words, and a comment changes nothing about what a rule does.

import { readIptablesRule, readSavedRule } from '../model/iptables-words.ts';
import { meaningOf } from '../model/read-rule.ts';
import { type Arguments, checkCommands } from '../rules/commands.ts';
import type { Rule } from '../rules/rule.ts';
import type { State } from './state.ts';

export class Presence {
  readonly #saved: State;
  readonly #succeeds: (args: Arguments) => Promise<boolean>;
  /** By `table/chain`, read when first asked for. */
  readonly #meanings = new Map<string, ReadonlySet<string>>();

  /**
   * @param saved read before; what is found there need not be asked for
   * @param succeeds runs a check by the tool, which knows spellings that nothing here does
   */
  constructor(saved: State, succeeds: (args: Arguments) => Promise<boolean>) {
    this.#saved = saved;
    this.#succeeds = succeeds;
  }

  async has(rule: Rule): Promise<boolean> {
    if (this.#meaningsIn(rule).has(meaningOf(readIptablesRule(rule, rule.spec, '')))) return true;
    const [check = []] = checkCommands([rule]);
    return this.#succeeds(check);
  }

  #meaningsIn({ table, chain }: Rule): ReadonlySet<string> {
    const place = `${table}/${chain}`;
    const known = this.#meanings.get(place);
    if (known !== undefined) return known;
    const lines = this.#saved.get(table)?.get(chain) ?? [];
    const meanings = new Set(lines.map((line) => meaningOf(readSavedRule({ table, chain }, line))));
    this.#meanings.set(place, meanings);
    return meanings;
  }
}
