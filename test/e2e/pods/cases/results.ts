// What came of the expectations: lines for whoever waits, and a file for the report on compatibility.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Who wrote the pod: this project, or the injector of a release of Istio. */
export type PodSource = 'own' | 'v1.31' | 'v1.7';

export interface ExpectationResult {
  /** The name of the check. */
  readonly name: string;
  readonly passed: boolean;
  /** Figures when it passed, the reason when it did not. */
  readonly detail?: string;
}

export interface PodResult {
  readonly name: string;
  readonly source: PodSource;
  readonly expectations: readonly ExpectationResult[];
}

export interface Results {
  readonly pods: readonly PodResult[];
}

/** One line per expectation, such as `passed  hello (v1.31): is ready in time, 2.1 s`. */
export function resultLine(
  { name, source }: Pick<PodResult, 'name' | 'source'>,
  { name: expectation, passed, detail }: ExpectationResult,
): string {
  const outcome = passed ? 'passed' : 'FAILED';
  return `${outcome}  ${name} (${source}): ${expectation}${detail === undefined ? '' : `, ${detail}`}`;
}

/** `N passed, N failed` over all pods. */
export function countLine({ pods }: Results): string {
  const all = pods.flatMap(({ expectations }) => expectations);
  const passed = all.filter((expectation) => expectation.passed).length;
  return `${passed} passed, ${all.length - passed} failed`;
}

export function isPassed({ pods }: Results): boolean {
  return pods.every(({ expectations }) => expectations.every(({ passed }) => passed));
}

export async function writeResults(path: string, results: Results): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(results, undefined, 2)}\n`);
}
