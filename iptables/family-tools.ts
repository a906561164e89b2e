// The iptables programs of one family as four operations: save, check, change, restore. It owns the words of calls
// and of their failures, waiting for the lock, and trying again when another program held it too long.

import type { Clock } from '../src/runtime/clock.ts';
import type { Log } from '../src/runtime/log.ts';
import type { Arguments } from './commands.ts';
import { CaptureError } from './errors.ts';
import { failureLine, isDenied, oneLine, remedyFor } from './failure.ts';
import type { RunTool, ToolCall, ToolResult } from './tools.ts';
import { programOf, type Purpose, type Variant, waitArguments } from './variant.ts';

export interface FamilyToolsDeps {
  readonly run: RunTool;
  readonly log: Log;
  readonly clock: Clock;
  readonly variant: Variant;
}

/** Exit code for a resource problem: most often the lock, held by somebody else. */
const RESOURCE_PROBLEM = 4;
const ATTEMPTS = 5;
const RETRY_MS = 2000;

export class FamilyTools {
  readonly #deps: FamilyToolsDeps;

  constructor(deps: FamilyToolsDeps) {
    this.#deps = deps;
  }

  get label(): string {
    return this.#deps.variant.family === 'v4' ? 'IPv4' : 'IPv6';
  }

  /** What `iptables-save` prints. @throws CaptureError */
  async save(signal: AbortSignal): Promise<string> {
    const { stdout } = await this.#must('save', { args: [] }, signal);
    return stdout;
  }

  /** True when the call ends with 0; its failure is an answer, not an error. */
  async succeeds(args: Arguments): Promise<boolean> {
    const result = await this.#call('rule', { args });
    if (result.code !== 0) this.#deps.log.debug(`Ignoring iptables command error: ${failureLine(result)}`);
    return result.code === 0;
  }

  /** Changes one rule or chain. @throws CaptureError */
  async change(args: Arguments, signal: AbortSignal): Promise<void> {
    await this.#must('rule', { args }, signal);
  }

  /** Adds the rules of a restore text, table by table; nothing that exists is emptied. @throws CaptureError */
  async restore(input: string, signal: AbortSignal): Promise<void> {
    const { variant, log } = this.#deps;
    log.info(
      `Running iptables restore with: ${programOf(variant, 'restore')} and the following input:\n${input.trimEnd()}`,
    );
    await this.#must('restore', { args: ['--noflush'], input }, signal);
  }

  async #must(purpose: Purpose, call: Omit<ToolCall, 'file'>, signal: AbortSignal): Promise<ToolResult> {
    const { clock, log, variant } = this.#deps;
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      const result = await this.#call(purpose, call);
      if (result.code === 0) return result;
      const busy = result.code === RESOURCE_PROBLEM && !isDenied(result.stderr);
      if (!busy || attempt === ATTEMPTS) throw failure(programOf(variant, purpose), result, log);
      log.warn(`${programOf(variant, purpose)} is busy, trying again: ${oneLine(result.stderr)}`);
      await clock.sleep(RETRY_MS, signal);
    }
  }

  #call(purpose: Purpose, { args, input }: Omit<ToolCall, 'file'>): Promise<ToolResult> {
    const { run, variant } = this.#deps;
    const file = programOf(variant, purpose);
    return run({
      file,
      args: [...args, ...waitArguments(variant, purpose)],
      ...(input !== undefined && { input }),
    });
  }
}

function failure(file: string, result: ToolResult, log: Log): CaptureError {
  log.error(`Command error: ${failureLine(result)}`);
  const words = oneLine(result.stderr);
  const remedy = remedyFor(result.stderr);
  return new CaptureError(`${file}: exit status ${result.code}: ${words}${remedy && ` (${remedy})`}`);
}
