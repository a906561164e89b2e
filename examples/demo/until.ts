// Waiting for something to become true, with an end.

import { setTimeout as delay } from 'node:timers/promises';

import { describeExit, type Program } from './machine.ts';

const POLL_MS = 20;

/**
 * Resolves as soon as the condition holds.
 *
 * @returns how long that took, milliseconds
 * @throws Error when the program ends first, with its last words, or after `limitMs`
 */
export async function until(
  condition: () => Promise<boolean>,
  program: Program,
  signal: AbortSignal,
  limitMs = 20_000,
): Promise<number> {
  const startMs = performance.now();
  while (!(await condition())) {
    signal.throwIfAborted();
    if (program.exit !== undefined) {
      throw new Error(`${program.name}: ${describeExit(program.exit)}: ${await lastWords(program)}`);
    }
    if (performance.now() - startMs > limitMs) {
      throw new Error(`${program.name}: nothing after ${limitMs / 1000} s: ${await lastWords(program)}`);
    }
    await delay(POLL_MS, undefined, { signal });
  }
  return performance.now() - startMs;
}

async function lastWords(program: Program): Promise<string> {
  const lines = (await program.output()).trim().split('\n');
  return lines.slice(-3).join(' | ');
}
