// The program nft over a text in memory: what it was told, and the rule set it would list.

import type { ToolCall, ToolResult } from '../../../iptables/tools/run-tool.ts';
import { ToolStartError } from '../../../iptables/tools/run-tool.ts';

export class FakeNft {
  /** Every call of any program, as a command line. */
  readonly calls: string[] = [];
  /** Texts that were loaded. */
  readonly loaded: string[] = [];
  /** What `nft list ruleset` prints. */
  ruleset = '';
  /** What programs beside nft print; any other one is missing. */
  outputs: Readonly<Record<string, string>> = { ip: '' };
  /** Asked before every call; a result stands in for it. */
  intercept: (call: ToolCall) => ToolResult | undefined = () => undefined;

  readonly run = async (call: ToolCall): Promise<ToolResult> => {
    this.calls.push([call.file, ...call.args].join(' '));
    const result = this.intercept(call);
    if (result !== undefined) return result;
    if (call.file === 'nft') return this.#answer(call);
    const stdout = this.outputs[call.file];
    if (stdout === undefined) throw missing(call.file);
    return { code: 0, stdout, stderr: '' };
  };

  #answer({ args, input = '' }: ToolCall): ToolResult {
    const done = (stdout = ''): ToolResult => ({ code: 0, stdout, stderr: '' });
    if (args.includes('--version')) return done('nftables v1.0.6 (Lester Gooch #5)\n');
    if (args.includes('list')) return done(this.ruleset);
    if (!args.includes('--check')) this.loaded.push(input);
    return done();
  }
}

export function missing(file: string): ToolStartError {
  return new ToolStartError(file, Object.assign(new Error(`spawn ${file} ENOENT`), { code: 'ENOENT' }));
}

/** Answers calls whose command line holds `part`. */
export function answering(
  part: string,
  result: Partial<ToolResult>,
): (call: ToolCall) => ToolResult | undefined {
  return ({ file, args }) =>
    [file, ...args].join(' ').includes(part) ? { code: 1, stdout: '', stderr: '', ...result } : undefined;
}
