// The iptables programs of one family as a few operations: save, check, change, restore, test. It owns the words of
// calls and of their failures, and waiting for the lock.

import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';
import type { Arguments } from '../rules/commands.ts';
import { FAMILY_NAMES } from '../rules/rule.ts';
import { failureId, failureLine, oneLine } from './failure.ts';
import { NEVER, type PatienceDeps, runPatiently } from './retry.ts';
import type { ToolCall, ToolResult } from './run-tool.ts';
import { programOf, type Purpose, type Variant, waitArguments } from './variant.ts';

export interface FamilyToolsDeps extends PatienceDeps {
  readonly variant: Variant;
}

export class FamilyTools {
  readonly #deps: FamilyToolsDeps;

  constructor(deps: FamilyToolsDeps) {
    this.#deps = deps;
  }

  get label(): string {
    return FAMILY_NAMES[this.#deps.variant.family];
  }

  /** What `iptables-save` prints. @throws CaptureError */
  async save(signal: AbortSignal): Promise<string> {
    const { stdout } = await this.#must('save', { args: [] }, signal);
    return stdout;
  }

  /** True when the call ends with 0; its failure is an answer, not an error. It is not stopped by anything. */
  succeeds(args: Arguments): Promise<boolean> {
    return this.#may('rule', { args });
  }

  /** Adds the rules of a restore text, table by table; nothing that exists is emptied. @throws CaptureError */
  async restore(input: string, signal: AbortSignal): Promise<void> {
    const { variant, log } = this.#deps;
    log.info(
      `Running iptables restore with: ${programOf(variant, 'restore')} and the following input:\n${input.trimEnd()}`,
    );
    await this.restoreQuietly(input, signal);
  }

  /** True when a restore text was taken as a whole; its failure is an answer. It is not stopped by anything. */
  restores(input: string): Promise<boolean> {
    return this.#may('restore', { args: ['--noflush'], input });
  }

  /** Like `restore`, for a text that is no news to the reader of the log. @throws CaptureError */
  async restoreQuietly(input: string, signal: AbortSignal): Promise<void> {
    await this.#must('restore', { args: ['--noflush'], input }, signal);
  }

  /** Reads a restore text and changes nothing. @throws CaptureError when a restore of it would be refused */
  async test(input: string, signal: AbortSignal): Promise<void> {
    await this.#must('restore', { args: ['--noflush', '--test'], input }, signal);
  }

  async #must(purpose: Purpose, call: Omit<ToolCall, 'file'>, signal: AbortSignal): Promise<ToolResult> {
    signal.throwIfAborted();
    const result = await this.#call(purpose, call, signal);
    if (result.code === 0) return result;
    throw failure(programOf(this.#deps.variant, purpose), result, this.#deps.log);
  }

  async #may(purpose: Purpose, call: Omit<ToolCall, 'file'>): Promise<boolean> {
    const result = await this.#call(purpose, call, NEVER);
    if (result.code !== 0) this.#deps.log.debug(`Ignoring iptables command error: ${failureLine(result)}`);
    return result.code === 0;
  }

  #call(purpose: Purpose, call: Omit<ToolCall, 'file'>, signal: AbortSignal): Promise<ToolResult> {
    const { variant } = this.#deps;
    const args = [...call.args, ...waitArguments(variant, purpose)];
    return runPatiently(this.#deps, { ...call, file: programOf(variant, purpose), args }, signal);
  }
}

function failure(file: string, result: ToolResult, log: Log): CaptureError {
  log.error(`Command error: ${failureLine(result)}`);
  const message = `${file}: exit status ${result.code}: ${oneLine(result.stderr)}`;
  return new CaptureError(message, { id: failureId(result.stderr) });
}
