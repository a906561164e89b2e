// One table of a copy of the kernel's rules, changed by the words of iptables.

import { readIptablesRule } from '../model/iptables-words.ts';
import { meaningOf } from '../model/read-rule.ts';
import { shellLine } from '../rules/shell-words.ts';

interface ChainCopy {
  /** As saved after its name: a policy, or `-` for a chain that was made. */
  readonly policy: string;
  rules: (readonly string[])[];
}

const HOOKS: readonly string[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

export class TableCopy {
  readonly name: string;
  readonly #chains: Map<string, ChainCopy>;

  constructor(name: string) {
    this.name = name;
    this.#chains = new Map(HOOKS.map((hook) => [hook, { policy: 'ACCEPT', rules: [] }]));
  }

  /** A chain as a save declares it. */
  declare(chain: string, policy: string): void {
    if (!this.#chains.has(chain)) this.#chains.set(chain, { policy, rules: [] });
  }

  clone(): TableCopy {
    const copy = new TableCopy(this.name);
    for (const [name, { policy, rules }] of this.#chains) {
      copy.#chains.set(name, { policy, rules: [...rules] });
    }
    return copy;
  }

  /** Does what the words say. @returns what the tool would complain of; undefined when it would not */
  change([verb = '', name = '', ...words]: readonly string[]): string | undefined {
    const chain = this.#chains.get(name);
    if (verb === '-N') {
      if (chain !== undefined) return 'Chain already exists.';
      this.declare(name, '-');
      return undefined;
    }
    if (chain === undefined) return `No chain/target/match by that name.`;
    if (verb === '-X') return this.#drop(name, chain);
    if (verb === '-F') chain.rules = [];
    else if (verb === '-A') chain.rules.push(words);
    else if (verb === '-I') chain.rules.splice(Number(words[0]) - 1, 0, words.slice(1));
    else return this.#find(chain, verb, words);
    return undefined;
  }

  #find(chain: ChainCopy, verb: string, words: readonly string[]): string | undefined {
    const wanted = this.#meaning(words);
    const at = chain.rules.findIndex((rule) => this.#meaning(rule) === wanted);
    if (at < 0) return 'Bad rule (does a matching rule exist in that chain?).';
    if (verb === '-D') chain.rules.splice(at, 1);
    return undefined;
  }

  #meaning(words: readonly string[]): string {
    const rule = readIptablesRule({ table: this.name, chain: '' }, words, '');
    return `${meaningOf(rule)} ${rule.comment ?? ''}`;
  }

  #drop(name: string, { rules }: ChainCopy): string | undefined {
    const used = [...this.#chains.values()].some((chain) =>
      chain.rules.some((words) => words.at(-1) === name && ['-j', '-g'].includes(words.at(-2) ?? '')),
    );
    if (used || rules.length > 0) return 'Directory not empty.';
    this.#chains.delete(name);
    return undefined;
  }

  /** As `iptables-save` prints it. */
  saved(): string {
    const heads = [...this.#chains].map(([name, { policy }]) => `:${name} ${policy} [0:0]`);
    const rules = [...this.#chains].flatMap(([name, chain]) =>
      chain.rules.map((words) => `-A ${name} ${shellLine(words)}`),
    );
    return [`*${this.name}`, ...heads, ...rules, 'COMMIT', ''].join('\n');
  }
}
