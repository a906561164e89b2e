import { deepEqual, throws } from 'node:assert/strict';
import { join } from 'node:path';

import { works } from './claim.ts';
import { updatedOutcomes } from './outcomes.ts';

const TESTS = join(import.meta.dirname, '..');

function reported(file: string, title: string) {
  return { file: join(TESTS, file), title };
}

describe('updatedOutcomes', () => {
  const known = { 'b.test.ts': { stays: 'passed', goes: 'passed' } } as const;
  const tests = [
    { file: 'b.test.ts', title: 'stays' },
    { file: 'a.test.ts', title: 'passes' },
    { file: 'a.test.ts', title: 'fails' },
    { file: 'a.test.ts', title: 'needs root' },
  ];

  it('takes what was run from the report, and everything else as it was', () => {
    const report = { passes: [reported('a.test.ts', 'passes')], failures: [reported('a.test.ts', 'fails')] };

    deepEqual(updatedOutcomes(known, tests, report, new Set(['a.test.ts'])), {
      'a.test.ts': { fails: 'failed', 'needs root': 'not run', passes: 'passed' },
      'b.test.ts': { stays: 'passed' },
    });
  });

  it('forgets what passed once when it is gone from its file', () => {
    const report = { passes: [], failures: [] };

    deepEqual(updatedOutcomes(known, tests.slice(0, 1), report, new Set(['b.test.ts'])), {
      'b.test.ts': { stays: 'not run' },
    });
  });

  it('believes a failure before a success of the same name', () => {
    const both = [reported('a.test.ts', 'passes')];

    deepEqual(
      updatedOutcomes({}, tests.slice(1, 2), { passes: both, failures: both }, new Set(['a.test.ts'])),
      {
        'a.test.ts': { passes: 'failed' },
      },
    );
  });
});

describe('a claim', () => {
  it('names a test by file and title, and what pods are expected to do', () => {
    deepEqual(works('a/b.test.ts: ends: at once').evidence, [
      { file: 'a/b.test.ts', title: 'ends: at once' },
    ]);
    deepEqual(works('pods: is ready').evidence, [{ expectation: 'is ready' }]);
    throws(() => works('a/b.test.ts'), /is neither/);
  });
});
