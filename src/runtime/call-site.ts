// Who called a function, read from the stack: for log lines that name their origin.

import { basename } from 'node:path';

export interface CallSite {
  /** `file.ts:12`; `unknown` where the stack does not tell. */
  readonly caller: string;
  /** Lines as V8 writes them, the caller first. */
  readonly stack: string;
}

/** @param called its caller is meant; it must be on the stack */
export function callSite(called: (...args: never) => unknown): CallSite {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, called);
  const frames = (holder.stack ?? '').split('\n').slice(1);
  const [, path, line] = /\(?([^\s()]+):(\d+):\d+\)?$/.exec(frames[0] ?? '') ?? [];
  return {
    caller: path === undefined ? 'unknown' : `${basename(path)}:${line}`,
    stack: frames.map((frame) => frame.trim()).join('\n'),
  };
}
