// `npm run compatibility`: writes docs/compatibility.md. Tests that claims name and of which no outcome is known are run
// before that; with `-- --all` all of them are. The results of the pods are written by `npm run e2e:pods`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import type { TestName } from './claim.ts';
import { namedTests, subjects } from './claims.ts';
import { DOCUMENT, wantedDocument, writeDocument } from './document-file.ts';
import { outcomeOf, readOutcomes, updatedOutcomes, writeOutcomes, type MochaReport } from './outcomes.ts';

const ROOT = join(import.meta.dirname, '../..');

async function main(words: readonly string[]): Promise<void> {
  const tests = namedTests(subjects);
  await wantedDocument(); // a name that is wrong is told before anything runs
  const known = await readOutcomes();
  const lacking = words.includes('--all')
    ? tests
    : tests.filter((test) => outcomeOf(known, test) === undefined);
  const files = [...new Set(lacking.map(({ file }) => file))].sort();
  console.log(`${tests.length} tests are named; ${lacking.length} of them are run, in ${files.length} files`);
  const report = files.length === 0 ? { passes: [], failures: [] } : await runTests(files);
  const outcomes = updatedOutcomes(known, tests, report, new Set(files));
  await writeOutcomes(outcomes);
  await writeDocument();
  console.log(`written: ${DOCUMENT}`);
  for (const test of tests) {
    const outcome = outcomeOf(outcomes, test) ?? 'not run';
    if (outcome === 'passed') continue;
    console.error(`${outcome}: test/${test.file}: ${test.title}`);
    process.exitCode = 1;
  }
}

/** Runs whole files, as `npm test` does; failures among them are in the report. */
async function runTests(files: readonly TestName['file'][]): Promise<MochaReport> {
  await using folder = await temporaryDirectory();
  const output = join(folder.path, 'report.json');
  const mocha = join(ROOT, 'node_modules/.bin/mocha');
  const options = [
    '--parallel',
    '--jobs',
    '2',
    '--reporter',
    'json',
    '--reporter-option',
    `output=${output}`,
  ];
  const paths = files.map((file) => join(ROOT, 'test', file));
  const child = spawn(process.execPath, [mocha, ...options, ...paths], { cwd: ROOT, stdio: 'ignore' });
  await once(child, 'close');
  return JSON.parse(await readFile(output, 'utf8')) as MochaReport;
}

await main(process.argv.slice(2));
