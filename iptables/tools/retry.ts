// Trying a tool again when another program held the lock too long. Waiting for the lock itself is the tools' own
// matter (variant.ts); this is what is done when their patience ends.

import type { Clock } from '../../src/runtime/clock.ts';
import type { Log } from '../../src/runtime/log.ts';
import { isBusy, oneLine } from './failure.ts';
import type { RunTool, ToolCall, ToolResult } from './run-tool.ts';

export interface PatienceDeps {
  readonly run: RunTool;
  readonly clock: Clock;
  readonly log: Log;
}

/** For calls that must be made although the run was told to stop. */
export const NEVER = new AbortController().signal;

const RETRIES = 5;
const PAUSE_MS = 2000;

/** Runs a call up to six times. @returns the last result; between tries it rejects with the signal's reason */
export async function runPatiently(
  { run, clock, log }: PatienceDeps,
  call: ToolCall,
  signal: AbortSignal,
): Promise<ToolResult> {
  for (let left = RETRIES; ; left--) {
    const result = await run(call);
    if (left === 0 || !isBusy(result)) return result;
    log.warn(`${call.file} is busy, trying again: ${oneLine(result.stderr)}`);
    await clock.sleep(PAUSE_MS, signal);
  }
}
