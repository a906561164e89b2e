import assert from 'node:assert/strict';

import { inspect } from '../../../iptables/tools/candidate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';

const PROBE = '-t nat -A INPUT -p 255 -j RETURN';

function setUp() {
  const kernel = new FakeKernel();
  const logs = recordingLog();
  return { kernel, logs, deps: { run: kernel.run, clock: new FakeClock(), log: logs.log } };
}

describe('inspect', () => {
  it('reads what a variant holds, and changes nothing', async () => {
    const { kernel, deps } = setUp();
    kernel.change('-t nat -A OUTPUT -j RETURN');

    const { dump } = await inspect(deps, 'iptables-nft');

    assert.equal(dump, kernel.saved());
    assert.deepEqual(kernel.calls, ['iptables-nft-save']);
  });

  it('removes every probe that a killed run has left, and does not count them', async () => {
    const { kernel, logs, deps } = setUp();
    kernel.change(PROBE);
    kernel.change(PROBE);

    const { dump } = await inspect(deps, 'iptables-nft');

    assert.doesNotMatch(dump, /-p 255/);
    assert.doesNotMatch(kernel.saved(), /-p 255/);
    assert.match(logs.messages('warn').join(), /removing the probe of a run that was killed/);
  });

  it('keeps why a variant cannot be used', async () => {
    const { kernel, deps } = setUp();
    kernel.intercept = () => ({ code: 4, stdout: '', stderr: 'Permission denied' });

    const { problem } = await inspect(deps, 'iptables-nft');

    assert.equal(problem?.id, 'IPT-NO-NET-ADMIN');
    assert.equal((await inspect(deps, 'iptables-legacy')).problem?.id, 'IPT-NO-TOOL');
  });
});
