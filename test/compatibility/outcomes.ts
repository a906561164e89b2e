// How the tests that claims name ended when they were last run: test-outcomes.json, committed, because the report is
// made of it and everybody must be able to make it again.

import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { writeFileAtomic } from '../../src/runtime/files.ts';
import type { TestName } from './claim.ts';

/** `not run`: it was not among the tests, for example because there was no root. */
export type Outcome = 'passed' | 'failed' | 'not run';

/** By file below test/, then by title. */
export type Outcomes = Readonly<Record<string, Readonly<Record<string, Outcome>>>>;

export const OUTCOMES_FILE = join(import.meta.dirname, 'test-outcomes.json');
const TEST_FOLDER = join(import.meta.dirname, '..');

/** What the JSON reporter of mocha writes, as far as it is needed. */
export interface MochaReport {
  readonly passes: readonly ReportedTest[];
  readonly failures: readonly ReportedTest[];
}

interface ReportedTest {
  readonly title: string;
  /** Absolute. */
  readonly file: string;
}

export async function readOutcomes(path = OUTCOMES_FILE): Promise<Outcomes> {
  return JSON.parse(await readFile(path, 'utf8')) as Outcomes;
}

export async function writeOutcomes(outcomes: Outcomes): Promise<void> {
  await writeFileAtomic(OUTCOMES_FILE, `${JSON.stringify(outcomes, undefined, 2)}\n`);
}

export function outcomeOf(outcomes: Outcomes, { file, title }: TestName): Outcome | undefined {
  return outcomes[file]?.[title];
}

/** The outcomes of exactly these tests: those of the report, else the known ones. Sorted. */
export function updatedOutcomes(
  known: Outcomes,
  tests: readonly TestName[],
  report: MochaReport,
  filesRun: ReadonlySet<string>,
): Outcomes {
  const passed = namesOf(report.passes);
  const failed = namesOf(report.failures);
  const outcome = (test: TestName): Outcome => {
    if (!filesRun.has(test.file)) return outcomeOf(known, test) ?? 'not run';
    if (failed.has(keyOf(test))) return 'failed';
    return passed.has(keyOf(test)) ? 'passed' : 'not run';
  };
  const updated: Record<string, Record<string, Outcome>> = {};
  for (const test of [...tests].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))) {
    (updated[test.file] ??= {})[test.title] = outcome(test);
  }
  return updated;
}

function namesOf(tests: readonly ReportedTest[]): ReadonlySet<string> {
  return new Set(tests.map(({ file, title }) => keyOf({ file: relative(TEST_FOLDER, file), title })));
}

function keyOf({ file, title }: TestName): string {
  return `${file}: ${title}`;
}
