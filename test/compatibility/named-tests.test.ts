import { deepEqual, equal, rejects, throws } from 'node:assert/strict';

import { type Subject, works } from './claim.ts';
import { findTests } from './named-tests.ts';
import { testsIn } from './written-tests.ts';

const FILE = 'a/server.test.ts';

function subject(...titles: readonly string[]): Subject {
  const claims = Object.fromEntries(titles.map((title) => [title, works(`${FILE}: ${title}`)]));
  return { title: '', introduction: '', column: '', names: 'text', claims };
}

describe('findTests', () => {
  const once = "describe('a server', () => {\n  it('listens', () => undefined);\n});\n";
  const twice = "it('ends', () => undefined);\nit('ends', () => undefined);\n";
  const suite = async () => testsIn(once + twice);

  it('finds a test by file and title', async () => {
    const testOf = await findTests([subject('listens')], suite);

    equal(testOf({ file: FILE, title: 'listens' }).group, 'a server');
  });

  it('names all that are gone, or there twice, at once', async () => {
    await rejects(findTests([subject('listens', 'waits', 'ends')], suite), {
      message:
        `test/${FILE} has no test "waits": name one that shows it, in test/compatibility/claims\n` +
        `test/${FILE} has twice the test "ends": name one that shows it, in test/compatibility/claims`,
    });
  });
});

describe('a claim', () => {
  it('names a test by file and title, and what pods are expected to do', () => {
    deepEqual(works(`${FILE}: ends: at once`).evidence, [{ file: FILE, title: 'ends: at once' }]);
    deepEqual(works('pods: is ready').evidence, [{ expectation: 'is ready' }]);
    throws(() => works(FILE), /is neither/);
  });
});
