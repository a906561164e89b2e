import assert from 'node:assert/strict';

import { runPatiently } from '../../../iptables/tools/retry.ts';
import type { ToolResult } from '../../../iptables/tools/run-tool.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';

const BUSY: ToolResult = { code: 4, stdout: '', stderr: 'Another app is currently holding the xtables lock' };
const DONE: ToolResult = { code: 0, stdout: '', stderr: '' };

function setUp(results: readonly ToolResult[]) {
  let calls = 0;
  const clock = new FakeClock();
  const { log, messages } = recordingLog();
  const run = async (): Promise<ToolResult> => results[calls++] ?? BUSY;
  const call = (signal: AbortSignal) =>
    runPatiently({ run, clock, log }, { file: 'iptables', args: [] }, signal);
  return { clock, messages, call, calls: () => calls };
}

describe('runPatiently', () => {
  it('tries again after two seconds, and says so', async () => {
    const { clock, messages, call, calls } = setUp([BUSY, DONE]);

    const ended = call(AbortSignal.any([]));
    await clock.tick(1999);
    assert.equal(calls(), 1);
    await clock.tick(1);

    assert.equal((await ended).code, 0);
    assert.match(messages('warn').join(), /^iptables is busy, trying again: Another app/);
  });

  it('gives the last refusal after five more tries', async () => {
    const { clock, call, calls } = setUp([]);

    const ended = call(AbortSignal.any([]));
    await clock.tick(10_000);

    assert.equal((await ended).code, 4);
    assert.equal(calls(), 6);
  });

  it('does not repeat what failed for another reason', async () => {
    const { call, calls } = setUp([{ code: 1, stdout: '', stderr: 'Bad rule' }]);

    assert.equal((await call(AbortSignal.any([]))).code, 1);
    assert.equal(calls(), 1);
  });
});
