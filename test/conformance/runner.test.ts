import assert from 'node:assert/strict';
import { join } from 'node:path';

import type { ConformanceArea } from './case.ts';
import { FAKE_AREAS } from './fake-area.ts';
import { loadArea, omissionLines, runCases, type Failure } from './runner.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');

describe('runCases', () => {
  it('counts, and tells of each failure', async () => {
    const failures: Failure[] = [];

    const tally = await runCases(await loadArea(FAKE_AREAS, 'mixed'), join(FIXTURES, 'mixed'), (failure) =>
      failures.push(failure),
    );

    assert.deepEqual(tally, { passed: 2, failed: 1, omitted: new Map() });
    assert.deepEqual(
      failures.map(({ name }) => name),
      ['two'],
    );
  });

  it('neither passes nor fails what is omitted, and groups it by the reason', async () => {
    const area: ConformanceArea = {
      async *cases() {
        yield { name: 'one', omitted: 'no wings' };
        yield { name: 'two', run: async () => undefined };
        yield { name: 'three', omitted: 'no wings' };
      },
    };

    const { passed, failed, omitted } = await runCases(area, FIXTURES, () => undefined);

    assert.deepEqual([passed, failed], [1, 0]);
    assert.deepEqual(omissionLines(omitted), ['2 not run: no wings (one, three)']);
  });

  it('refuses a directory that is missing or holds no case', async () => {
    const area = await loadArea(FAKE_AREAS, 'mixed');
    const ignore = (): void => undefined;

    await assert.rejects(runCases(area, '/no/such/directory', ignore), {
      name: 'Error',
      message: 'no directory "/no/such/directory"',
    });
    await assert.rejects(runCases(area, join(FIXTURES, 'empty'), ignore), /^Error: no cases in /);
  });
});

describe('loadArea', () => {
  it('names the known areas for one it does not know', async () => {
    await assert.rejects(loadArea(FAKE_AREAS, 'toString'), {
      message: 'unknown area "toString"; known are mixed, empty, absent',
    });
  });
});
