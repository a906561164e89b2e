// Keeps what is measured and what measures it apart: one processor for the server, another for all others.

import { availableParallelism } from 'node:os';

export const SERVER_PROCESSOR = 0;
export const OTHER_PROCESSOR = 1;

/** The command, on one processor if there are several. */
export function onProcessor(processor: number, command: readonly string[]): readonly string[] {
  return availableParallelism() > 1 ? ['taskset', '-c', String(processor), ...command] : command;
}
