// Runs the cases of one area, one after the other, and counts.

import { stat } from 'node:fs/promises';

import type { Areas } from './areas.ts';
import type { ConformanceArea } from './case.ts';
import { failureText } from './difference.ts';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

export interface Failure {
  readonly name: string;
  readonly text: string;
}

/** The command line asks for something that does not exist. The message is one line. */
export class UsageError extends Error {}

/** @throws UsageError for a name that is no area */
export async function loadArea(areas: Areas, name: string): Promise<ConformanceArea> {
  const load = Object.hasOwn(areas, name) ? areas[name] : undefined;
  if (load === undefined) {
    throw new UsageError(`unknown area "${name}"; known are ${Object.keys(areas).join(', ')}`);
  }
  return load();
}

/**
 * @param onFailure is told of each failed case as it happens
 * @throws UsageError when there is no such directory, or no case in it
 */
export async function runCases(
  area: ConformanceArea,
  directory: string,
  onFailure: (failure: Failure) => void,
): Promise<Tally> {
  const info = await stat(directory).catch(() => undefined); // missing or closed: one message fits both
  if (!info?.isDirectory()) throw new UsageError(`no directory "${directory}"`);
  let passed = 0;
  let failed = 0;
  for await (const { name, run } of area.cases(directory)) {
    try {
      await run();
      passed += 1;
    } catch (error) {
      failed += 1;
      onFailure({ name, text: failureText(error) });
    }
  }
  if (passed + failed === 0) throw new UsageError(`no cases in "${directory}"`);
  return { passed, failed };
}
