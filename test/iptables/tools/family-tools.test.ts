import assert from 'node:assert/strict';

import { FamilyTools } from '../../../iptables/tools/family-tools.ts';
import type { ToolResult } from '../../../iptables/tools/run-tool.ts';
import type { Variant } from '../../../iptables/tools/variant.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';

const LEGACY: Variant = { family: 'v4', name: 'iptables-legacy', version: [1, 8, 9], legacy: true };
const BUSY: ToolResult = { code: 4, stdout: '', stderr: 'Another app is currently holding the xtables lock' };

function setUp(variant = LEGACY) {
  const kernel = new FakeKernel([variant.name]);
  const clock = new FakeClock();
  const logs = recordingLog();
  const tools = new FamilyTools({ run: kernel.run, clock, log: logs.log, variant });
  return { kernel, clock, logs, tools, signal: AbortSignal.any([]) };
}

describe('FamilyTools', () => {
  it('makes legacy programs that write wait for the lock, and only those', async () => {
    const { kernel, tools, signal } = setUp();

    await tools.save(signal);
    await tools.succeeds(['-t', 'nat', '-C', 'OUTPUT', '-j', 'RETURN']);
    await tools.restore('* nat\nCOMMIT\n', signal);

    assert.deepEqual(kernel.calls, [
      'iptables-legacy-save',
      'iptables-legacy -t nat -C OUTPUT -j RETURN --wait=30',
      'iptables-legacy-restore --noflush --wait=30',
    ]);
  });

  it('names kind and words of a refused call', async () => {
    const { logs, tools, signal } = setUp();
    const input = '* nat\n-N ISTIO_A\n-N ISTIO_A\nCOMMIT\n';

    await assert.rejects(tools.restore(input, signal), /exit status 1: .*Chain already exists/);

    assert.deepEqual(logs.messages('error'), ['Command error: xtables other problem: Chain already exists.']);
  });

  it('tries again while another program holds the lock, five times more', async () => {
    const { kernel, clock, tools, signal } = setUp();
    kernel.intercept = () => BUSY;

    const ended = assert.rejects(tools.save(signal), /exit status 4/);
    await clock.tick(10_000);
    await ended;

    assert.equal(kernel.calls.length, 6);
  });

  it('does not repeat what was refused for lack of rights', async () => {
    const { kernel, tools, signal } = setUp();
    kernel.intercept = () => ({ code: 4, stdout: '', stderr: 'Permission denied (you must be root)' });

    await assert.rejects(tools.save(signal), { id: 'IPT-NO-NET-ADMIN' });

    assert.equal(kernel.calls.length, 1);
  });

  it('stops waiting when it is told to', async () => {
    const { kernel, clock, tools } = setUp();
    const stop = new AbortController();
    kernel.intercept = () => BUSY;

    const ended = assert.rejects(tools.save(stop.signal), /enough/);
    await clock.tick(1000);
    stop.abort(new Error('enough'));
    await ended;

    assert.equal(clock.sleepers, 0);
  });
});
