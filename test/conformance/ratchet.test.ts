import assert from 'node:assert/strict';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { FAKE_AREAS } from './fake-area.ts';
import { isHeld, raised, resultLine, runAreas, type AreaResult, type Ratchet } from './ratchet.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const { mixed } = FAKE_AREAS;
const AREAS = { ...(mixed && { mixed }) };

async function results(recorded: Ratchet): Promise<readonly AreaResult[]> {
  return runAreas(AREAS, FIXTURES, recorded);
}

describe('the ratchet', () => {
  it('holds when as many cases pass as are recorded', async () => {
    const [result] = await results({ mixed: 2 });

    assert.ok(result && isHeld(result));
    assert.equal(resultLine(result), 'mixed: 2 passed, 1 failed');
  });

  it('does not hold when fewer pass', async () => {
    const [result] = await results({ mixed: 3 });

    assert.ok(result && !isHeld(result));
    assert.equal(resultLine(result), 'mixed: 2 passed, 1 failed: FEWER than the 3 recorded');
  });

  it('does not hold when more pass, until it is raised', async () => {
    const found = await results({ mixed: 1 });
    const [result] = found;

    assert.ok(result && !isHeld(result));
    assert.equal(resultLine(result), 'mixed: 2 passed, 1 failed: raise it to 2 (1 recorded)');
    assert.deepEqual(raised({ mixed: 1, other: 7 }, found), { mixed: 2, other: 7 });
  });

  it('never goes down', async () => {
    assert.deepEqual(raised({ mixed: 3 }, await results({ mixed: 3 })), { mixed: 3 });
  });

  it('counts a recorded area without a directory as nothing passed', async () => {
    const found = await runAreas(
      { ...AREAS, ...(FAKE_AREAS['absent'] && { absent: FAKE_AREAS['absent'] }) },
      FIXTURES,
      {
        absent: 4,
      },
    );

    assert.deepEqual(
      found.map(({ area, passed }) => [area, passed]),
      [
        ['mixed', 2],
        ['absent', 0],
      ],
    );
  });

  it('finds an area whose directory is called otherwise', async () => {
    await using root = await temporaryDirectory();
    await mkdir(join(root.path, 'iptables'));
    await cp(join(FIXTURES, 'mixed'), join(root.path, 'iptables/real'), { recursive: true });

    const [result] = await runAreas({ ...(mixed && { kernel: mixed }) }, root.path, {});

    assert.ok(result);
    const { tookMs, ...counts } = result;
    assert.deepEqual(counts, { area: 'kernel', passed: 2, failed: 1, recorded: 0 });
    assert.ok(tookMs > 0);
  });

  it('refuses a root without any known area', async () => {
    await assert.rejects(runAreas(AREAS, '/no/such/root', { mixed: 2 }), {
      message: 'no known area below "/no/such/root"',
    });
  });
});
