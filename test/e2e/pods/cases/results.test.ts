import { deepEqual, equal } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { countLine, isPassed, resultLine, type Results, writeResults } from './results.ts';

const READY = { name: 'is ready in time', passed: true, detail: '2100 ms' };
const RULES = { name: 'has no rules', passed: false, detail: 'there are rules' };
const RESULTS: Results = {
  pods: [
    { name: 'web', source: 'own', expectations: [READY] },
    { name: 'hello', source: 'v1.31', expectations: [READY, RULES] },
  ],
};

describe('results of pods', () => {
  it('are a line each', () => {
    const lines = RESULTS.pods.flatMap((pod) => pod.expectations.map((each) => resultLine(pod, each)));

    deepEqual(lines, [
      'passed  web (own): is ready in time, 2100 ms',
      'passed  hello (v1.31): is ready in time, 2100 ms',
      'FAILED  hello (v1.31): has no rules, there are rules',
    ]);
  });

  it('are counted', () => {
    equal(countLine(RESULTS), '2 passed, 1 failed');
  });

  it('are good when every expectation is met', () => {
    equal(isPassed(RESULTS), false);
    equal(isPassed({ pods: RESULTS.pods.slice(0, 1) }), true);
  });

  it('are written where they are wanted', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'new', 'results.json');

    await writeResults(path, RESULTS);

    deepEqual(JSON.parse(await readFile(path, 'utf8')), RESULTS);
  });
});
