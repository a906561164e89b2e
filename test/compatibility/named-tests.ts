// The tests that claims name, found in the files of the suite.

import { evidenceOf, type Subject, type TestName } from './claim.ts';
import { writtenTests, type WrittenTest } from './written-tests.ts';

/**
 * Looks for every test the claims of these subjects name.
 *
 * @param testsOf those of a file below test/
 * @returns the test of a name
 * @throws Error with a line for each name without a test, and for each that two tests have
 */
export async function findTests(
  subjects: readonly Subject[],
  testsOf = writtenTests,
): Promise<(name: TestName) => WrittenTest> {
  const names = subjects.flatMap(evidenceOf).filter((each) => 'file' in each);
  const files = [...new Set(names.map(({ file }) => file))];
  const written = new Map(await Promise.all(files.map(async (file) => [file, await testsOf(file)] as const)));
  const of = ({ file, title }: TestName): readonly WrittenTest[] =>
    (written.get(file) ?? []).filter((test) => test.title === title);
  const problems = names.flatMap((name) => problemOf(name, of(name).length));
  if (problems.length > 0) throw new Error([...new Set(problems)].join('\n'));
  return (name) => of(name)[0] as WrittenTest; // exactly one, or it is among the problems
}

function problemOf({ file, title }: TestName, count: number): readonly string[] {
  if (count === 1) return [];
  const problem = count === 0 ? 'has no' : 'has twice the';
  return [`test/${file} ${problem} test "${title}": name one that shows it, in test/compatibility/claims`];
}
