// Running the system's own tools: one call, its exit code and its output. It stands on the spawn seam;
// a dry run puts a recorder in its place, and nothing above knows the difference.

import { text } from 'node:stream/consumers';

import { errnoOf, messageOf } from '../../src/runtime/errors.ts';
import type { Spawn } from '../../src/runtime/spawn.ts';
import { CaptureError } from '../errors.ts';

export interface ToolCall {
  readonly file: string;
  readonly args: readonly string[];
  /** Text for standard input. */
  readonly input?: string;
}

export interface ToolResult {
  /** 128 and more: a signal ended the tool. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one tool to its end. Any exit code is a result; rejects with ToolStartError when it cannot be started. */
export type RunTool = (call: ToolCall) => Promise<ToolResult>;

/** Where programs come from that do not belong to iptables. */
const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  unshare: 'util-linux',
};

export class ToolStartError extends CaptureError {
  /** True when there is no such program. */
  readonly missing: boolean;

  constructor(file: string, cause: unknown) {
    const missing = errnoOf(cause) === 'ENOENT';
    const what = missing
      ? `no ${file} found, of the package ${PACKAGES[file] ?? 'iptables'}`
      : `cannot run ${file}: ${messageOf(cause)}`;
    super(what, { cause, id: missing ? 'IPT-NO-TOOL' : 'IPT-TOOL-FAILED' });
    this.missing = missing;
  }
}

/** @param env the tools' whole environment */
export function hostTools(spawn: Spawn, env: Readonly<Record<string, string>>): RunTool {
  return async ({ file, args, input }) => {
    const child = await spawn({ file, args, env, ...(input !== undefined && { input }) }).catch(
      (error: unknown) => {
        throw new ToolStartError(file, error);
      },
    );
    const [exit, stdout, stderr] = await Promise.all([child.exited, text(child.stdout), text(child.stderr)]);
    return { code: exit.code ?? SIGNAL_EXIT, stdout, stderr };
  };
}

/** What a shell adds to a signal's number; which one it was is of no use here. */
const SIGNAL_EXIT = 128;

/** What a tool prints; empty when it is missing or fails, for those who only want to know what else is there. */
export async function outputOf(run: RunTool, file: string, args: readonly string[]): Promise<string> {
  try {
    const { code, stdout } = await run({ file, args });
    return code === 0 ? stdout : '';
  } catch (error) {
    if (error instanceof ToolStartError) return '';
    throw error;
  }
}
