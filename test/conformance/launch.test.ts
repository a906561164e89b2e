import assert from 'node:assert/strict';
import { join } from 'node:path';

import { namespaceObstacle } from '../iptables/network-namespace.ts';
import { AREAS } from './areas.ts';
import { loadArea, runCases, type Failure } from './runner.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const obstacle = namespaceObstacle();

describe('area launch', () => {
  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    the agent is not started in namespaces: ${obstacle}`);
    return;
  }

  it('passes a start that went as told, and shows in which ways another did not', async () => {
    const failures: Failure[] = [];

    const { passed, failed } = await runCases(
      await loadArea(AREAS, 'launch'),
      join(FIXTURES, 'launch'),
      (failure) => failures.push(failure),
    );

    assert.deepEqual({ passed, failed }, { passed: 1, failed: 1 }, failures[0]?.text);
    assert.equal(failures[0]?.name, 'wrong about a wrong type');
    assert.match(failures[0].text, /^\+ +"exit": 255/m);
    assert.match(failures[0].text, /^- +"exit": 1/m);
  }).timeout(30_000);
});
