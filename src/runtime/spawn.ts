// The seam to child processes. Two makers stand behind it: node-spawn.ts for init commands, execa-spawn.ts for
// the long-running agent. This file imports neither.

import type { Readable } from 'node:stream';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Text written to standard input, which is then closed. Absent: standard input is empty. */
  readonly input?: string;
  /**
   * Where standard output goes: to the Child's stream, to this process's own, or nowhere. Node's pipes are sockets, so
   * a child that opens `/dev/stdout` by name fails on the first. Default `pipe`.
   */
  readonly stdout?: 'pipe' | 'inherit' | 'ignore';
  /** Standard input, output and error are this process's own; `input` and `stdout` are not looked at. Default false. */
  readonly sharesStdio?: boolean;
  /** Own process group, so that a terminal's Ctrl-C does not reach the child. Default false. */
  readonly detached?: boolean;
  /** Only on trial: when memory runs out, the kernel shall end it before others. Default false. */
  readonly onTrial?: boolean;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Exit {
  /** Null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Empty unless the command's `stdout` is `pipe`. */
  readonly stdout: Readable;
  /** Empty when the command shares this process's. */
  readonly stderr: Readable;
  /** Resolves once the process is gone; the last of its output may still be in the streams. Never rejects. */
  readonly exited: Promise<Exit>;
  /** False when the process is already gone. */
  signal(name: NodeJS.Signals): boolean;
  /** The trial is over: it shall be ended no sooner than this process. Absent: it was on none. */
  readonly keep?: () => void;
}

/** Starts a process. Rejects with the system error (`ENOENT`, `EACCES`, …) when it cannot be started. */
export type Spawn = (command: Command) => Promise<Child>;
