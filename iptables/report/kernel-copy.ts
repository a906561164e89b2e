// A copy of the kernel's iptables rules that a run can work on in place of the kernel: what it would do is then known
// to the last rule, because it is the run itself that did it.

import { inputTables } from '../rules/restore.ts';
import { shellWords } from '../rules/shell-words.ts';
import type { RunTool, ToolCall, ToolResult } from '../tools/run-tool.ts';
import { TableCopy } from './table-copy.ts';

type Tables = Map<string, TableCopy>;

export class KernelCopy {
  /** The calls that changed the copy, in order. */
  readonly changes: ToolCall[] = [];
  readonly #programs: ReadonlyMap<string, Tables>;

  /** @param dumps what each program saved, by its name */
  constructor(dumps: ReadonlyMap<string, string>) {
    this.#programs = new Map([...dumps].map(([program, dump]) => [program, tablesOf(dump)]));
  }

  readonly run: RunTool = async (call) => {
    const program = call.file.replace(/-(?:save|restore)$/, '');
    const tables = this.#programs.get(program);
    if (tables === undefined) return failed(call, 'not found');
    if (call.file.endsWith('-save')) return done(this.saved(program));
    const words = call.args.filter((word) => !word.startsWith('--wait'));
    if (call.file.endsWith('-restore')) return this.#restore(call, words, tables);
    const [, table = '', ...change] = words;
    const problem = tableIn(tables, table).change(change);
    if (problem === undefined && change[0] !== '-C') this.changes.push(call);
    return problem === undefined ? done() : failed(call, problem);
  };

  /** What `<program>-save` would print. */
  saved(program: string): string {
    return [...(this.#programs.get(program)?.values() ?? [])].map((table) => table.saved()).join('');
  }

  #restore(call: ToolCall, words: readonly string[], tables: Tables): ToolResult {
    for (const { table: name, lines } of inputTables(call.input ?? '')) {
      const draft = tableIn(tables, name).clone();
      for (const line of lines) {
        const problem = draft.change(shellWords(line));
        if (problem !== undefined) return failed(call, problem);
      }
      if (!words.includes('--test')) tables.set(name, draft);
    }
    if (!words.includes('--test')) this.changes.push(call);
    return done();
  }
}

function done(stdout = ''): ToolResult {
  return { code: 0, stdout, stderr: '' };
}

function failed({ file }: ToolCall, problem: string): ToolResult {
  return { code: 1, stdout: '', stderr: `${file}: ${problem}` };
}

function tableIn(tables: Tables, name: string): TableCopy {
  const table = tables.get(name) ?? new TableCopy(name);
  tables.set(name, table);
  return table;
}

function tablesOf(dump: string): Tables {
  const tables: Tables = new Map();
  let table: TableCopy | undefined;
  for (const line of dump.split('\n').map((text) => text.trim())) {
    if (line.startsWith('*')) table = tableIn(tables, line.slice(1).trim());
    else if (line.startsWith(':')) {
      const [name = '', policy = '-'] = line.slice(1).split(' ');
      table?.declare(name, policy);
    } else if (line.startsWith('-A ')) table?.change(shellWords(line));
  }
  return tables;
}
