// iptables programs over tables in memory: enough of them to apply, check, save and clean up without root.

import {
  type RunTool,
  type ToolCall,
  type ToolResult,
  ToolStartError,
} from '../../iptables/tools/run-tool.ts';

interface Chain {
  readonly builtIn: boolean;
  rules: string[];
}

type Tables = Map<string, Map<string, Chain>>;

export class FakeKernel {
  /** Every call, as a command line; input is not shown. */
  readonly calls: string[] = [];
  /** Programs that exist; others cannot be started. */
  readonly programs: Set<string>;
  /** Asked before every call; a result stands in for it. */
  intercept: (call: ToolCall) => ToolResult | undefined = () => undefined;
  readonly #tables = new Map<string, Tables>();

  constructor(programs: readonly string[] = ['iptables-nft', 'ip6tables-nft', 'ip']) {
    this.programs = new Set(programs);
  }

  readonly run: RunTool = async (call) => {
    this.calls.push([call.file, ...call.args].join(' '));
    const program = call.file.replace(/-(?:save|restore)$/, '');
    if (!this.programs.has(program)) throw missing(call.file);
    return this.intercept(call) ?? this.#answer(program, call);
  };

  /** What `<program>-save` prints. */
  saved(program = 'iptables-nft'): string {
    return [...this.#tablesOf(program)].map(([table, chains]) => savedTable(table, chains)).join('');
  }

  /** Adds rules as somebody else would. */
  change(args: string, program = 'iptables-nft'): void {
    this.#rule(this.#tablesOf(program), args.split(' '));
  }

  #tablesOf(program: string): Tables {
    const tables = this.#tables.get(program) ?? new Map<string, Map<string, Chain>>();
    this.#tables.set(program, tables);
    return tables;
  }

  #answer(program: string, { file, args, input }: ToolCall): ToolResult {
    const done = (stdout = ''): ToolResult => ({ code: 0, stdout, stderr: '' });
    if (program === 'ip') return done();
    if (args.includes('--version'))
      return done(`${file} v1.8.9 (${file.includes('nft') ? 'nf_tables' : 'legacy'})`);
    if (file.endsWith('-save')) return done(this.saved(program));
    const tables = this.#tablesOf(program);
    const words = args.filter((word) => !word.startsWith('--wait'));
    const target = args.includes('--test') ? structuredClone(tables) : tables;
    const problem = file.endsWith('-restore') ? restore(target, input ?? '') : this.#rule(tables, words);
    return problem === undefined ? done() : { code: 1, stdout: '', stderr: `${file}: ${problem}` };
  }

  #rule(tables: Tables, [, table = '', ...words]: readonly string[]): string | undefined {
    return changeTable(tableOf(tables, table), words);
  }
}

function missing(file: string): ToolStartError {
  return new ToolStartError(file, Object.assign(new Error(`spawn ${file} ENOENT`), { code: 'ENOENT' }));
}

const HOOKS: readonly string[] = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

function tableOf(tables: Tables, name: string): Map<string, Chain> {
  const fresh = (): Map<string, Chain> => new Map(HOOKS.map((hook) => [hook, { builtIn: true, rules: [] }]));
  const table = tables.get(name) ?? fresh();
  tables.set(name, table);
  return table;
}

/** Every table is committed by itself, as the real one does: a later refusal leaves earlier tables filled. */
function restore(tables: Tables, input: string): string | undefined {
  for (const text of input.split(/^\* /m).slice(1)) {
    const [name = '', ...lines] = text.split('\n').filter((line) => line !== '');
    const draft = structuredClone(tableOf(tables, name));
    for (const line of lines.filter((line) => line !== 'COMMIT')) {
      const problem = changeTable(draft, line.split(' '));
      if (problem !== undefined) return problem;
    }
    tables.set(name, draft);
  }
  return undefined;
}

/** @returns the problem, if any */
function changeTable(
  table: Map<string, Chain>,
  [verb, name = '', ...words]: readonly string[],
): string | undefined {
  const chain = table.get(name);
  if (verb === '-N') {
    if (chain !== undefined) return 'Chain already exists.';
    table.set(name, { builtIn: false, rules: [] });
    return undefined;
  }
  if (chain === undefined) return `No chain ${name}.`;
  return changeChain(table, name, chain, verb ?? '', words);
}

function changeChain(
  table: Map<string, Chain>,
  name: string,
  chain: Chain,
  verb: string,
  words: readonly string[],
): string | undefined {
  const at = chain.rules.indexOf(words.join(' '));
  if (verb === '-A') chain.rules.push(words.join(' '));
  else if (verb === '-I') chain.rules.splice(Number(words[0]) - 1, 0, words.slice(1).join(' '));
  else if (verb === '-F') chain.rules = [];
  else if (verb === '-X') return dropChain(table, name);
  else if (at < 0) return 'Bad rule.';
  else if (verb === '-D') chain.rules.splice(at, 1);
  return undefined;
}

function dropChain(table: Map<string, Chain>, name: string): string | undefined {
  const used = [...table.values()].some(({ rules }) => rules.some((rule) => rule.endsWith(`-j ${name}`)));
  if (used || (table.get(name)?.rules.length ?? 0) > 0) return 'Directory not empty.';
  table.delete(name);
  return undefined;
}

function savedTable(table: string, chains: Map<string, Chain>): string {
  const lines = [...chains].map(([name, { builtIn }]) => `:${name} ${builtIn ? 'ACCEPT' : '-'} [0:0]`);
  const rules = [...chains].flatMap(([name, chain]) => chain.rules.map((rule) => `-A ${name} ${rule}`));
  return [`*${table}`, ...lines, ...rules, 'COMMIT', ''].join('\n');
}
