// Runs the cases of one area, one after the other, and counts.

import { stat } from 'node:fs/promises';

import type { Areas } from './areas.ts';
import type { ConformanceArea } from './case.ts';
import { failureText } from './difference.ts';

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Names of the cases that were not run, by the reason. */
  readonly omitted: ReadonlyMap<string, readonly string[]>;
}

export interface Failure {
  readonly name: string;
  readonly text: string;
}

/** A line per reason: how many cases it keeps from being run, and which. */
export function omissionLines(omitted: Tally['omitted']): string[] {
  return [...omitted].map(([reason, names]) => `${names.length} not run: ${reason} (${names.join(', ')})`);
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
  const omitted = new Map<string, string[]>();
  for await (const each of area.cases(directory)) {
    if ('omitted' in each) {
      omitted.set(each.omitted, [...(omitted.get(each.omitted) ?? []), each.name]);
      continue;
    }
    try {
      await each.run();
      passed += 1;
    } catch (error) {
      failed += 1;
      onFailure({ name: each.name, text: failureText(error) });
    }
  }
  if (passed + failed + omitted.size === 0) throw new UsageError(`no cases in "${directory}"`);
  return { passed, failed, omitted };
}
