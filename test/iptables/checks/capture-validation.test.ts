import assert from 'node:assert/strict';

import { validateCapture } from '../../../iptables/checks/capture-validation.ts';
import { ValidationError } from '../../../iptables/errors.ts';
import type { RunTool } from '../../../iptables/tools/run-tool.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { podRequest, podSettings } from '../settings-example.ts';

/** A run whose time is up before the first probe. */
async function failedRun(run: RunTool, uid: number): Promise<{ error: Error; logged: string }> {
  const { log, messages } = recordingLog();
  const settings = { ...podSettings({ proxyPort: '0', inboundCapturePort: '0' }), hostIP: '10.1.2.3' };
  const request = podRequest({ probeTimeoutMs: 0 });
  const deps = { run, clock: new FakeClock(), log, uid };
  const error = await validateCapture(deps, { request, settings }, AbortSignal.any([])).then(
    () => assert.fail('passed'),
    (thrown: Error) => thrown,
  );
  return { error, logged: messages('error').join('\n') };
}

const OWNER = '-m owner --uid-owner 1337';

describe('validateCapture', () => {
  it('fails at once when it may not wait, with the hint that operators search for', async () => {
    const { error, logged } = await failedRun(new FakeKernel().run, 1337);

    assert.ok(error instanceof ValidationError);
    assert.match(error.message, /^validation timeout: /);
    assert.match(logged, /^iptables validation failed; workload is not ready for Istio\.\n/);
    assert.match(logged, /CNI.*\n.*cni\.repair\.deletePods=true/);
  });

  it('says as whom it ran and as whom it had to', async () => {
    const { error } = await failedRun(new FakeKernel().run, 7);

    assert.match(error.message, /runs as uid 7, .* only what uid 1337 sends/);
  });

  it('says of each variant that no chain of ours is there', async () => {
    const { error } = await failedRun(new FakeKernel(['iptables-nft', 'iptables-legacy']).run, 1337);

    assert.match(error.message, /chains of iptables-nft: none; chains of iptables-legacy: none$/);
  });

  it('names the chains that are there, and the rule that is not', async () => {
    const kernel = new FakeKernel();
    kernel.change('-t nat -N ISTIO_OUTPUT');
    kernel.change('-t nat -N ISTIO_IN_REDIRECT');
    kernel.change('-t nat -A OUTPUT -j ISTIO_OUTPUT');
    kernel.change('-t nat -A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 0');

    const { error } = await failedRun(kernel.run, 1337);

    const absent = `nat: -A ISTIO_OUTPUT -o lo ! -d 127.0.0.1/32 -p tcp ! --dport 15008 ${OWNER} -j ISTIO_IN_REDIRECT`;
    assert.match(error.message, /chains of iptables-nft: nat\/ISTIO_OUTPUT, nat\/ISTIO_IN_REDIRECT;/);
    assert.ok(error.message.includes(`iptables-nft lacks the rule ${absent}`), error.message);
    assert.doesNotMatch(error.message, /lacks the rule nat: -A OUTPUT|lacks the rule nat: -A ISTIO_IN_RED/);
  });

  it('says when it may not read the rules', async () => {
    const run: RunTool = async ({ file }) => ({
      code: 4,
      stdout: '',
      stderr: `${file}: Permission denied\n`,
    });

    const { error } = await failedRun(run, 1337);

    assert.match(error.message, /iptables-nft cannot read its rules: iptables-nft-save: Permission denied/);
  });
});
