// Addresses and policy routes that a run can work on in place of the kernel's: it may read them, and what it would
// change is kept.

import type { RunTool, ToolCall, ToolResult } from '../tools/run-tool.ts';

export class RouteCopy {
  /** The calls of ip that would change something, in order. */
  readonly changes: ToolCall[] = [];
  readonly #run: RunTool;

  /** @param run the real tool, of which only `show` is asked for */
  constructor(run: RunTool) {
    this.#run = run;
  }

  readonly run: RunTool = async (call) => {
    const verb = call.args.find((word) => word === 'add' || word === 'del');
    if (verb === undefined) return this.#run(call);
    if ((await this.#isThere(call.args)) !== (verb === 'del')) return refused(verb);
    this.changes.push(call);
    return { code: 0, stdout: '', stderr: '' };
  };

  async #isThere([option = '', object = '', verb, ...words]: readonly string[]): Promise<boolean> {
    if (object === 'addr') {
      const [address = '', ...device] = words;
      return (await this.#show(option, 'addr', 'show', ...device, 'to', address)) !== '';
    }
    if (object === 'route') {
      const at = words.indexOf('table');
      const route = words.slice(0, at).join(' ');
      const lines = await this.#show(option, 'route', 'show', 'table', words[at + 1] ?? '');
      return lines.split('\n').some((line) => line.startsWith(route));
    }
    return verb === 'del'; // of rules, who adds or deletes has looked before
  }

  /** A table that does not exist shows nothing. */
  async #show(...args: readonly string[]): Promise<string> {
    return (await this.#run({ file: 'ip', args })).stdout.trim();
  }
}

function refused(verb: 'add' | 'del'): ToolResult {
  const stderr = verb === 'add' ? 'RTNETLINK answers: File exists' : 'RTNETLINK answers: No such process';
  return { code: 2, stdout: '', stderr };
}
