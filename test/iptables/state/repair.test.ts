import assert from 'node:assert/strict';

import { planRules } from '../../../iptables/rules/plan.ts';
import { resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { repairText } from '../../../iptables/state/repair.ts';
import { parseState } from '../../../iptables/state/state.ts';
import { FamilyTools } from '../../../iptables/tools/family-tools.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { podSettings } from '../settings-example.ts';

async function repair(kernel: FakeKernel): Promise<string> {
  const variant = { family: 'v4', name: 'iptables-nft', version: [], legacy: false } as const;
  const tools = new FamilyTools({
    run: kernel.run,
    clock: new FakeClock(),
    log: recordingLog().log,
    variant,
  });
  const { v4 } = planRules(resolveCapture(podSettings({ excludeInterfaces: 'eth9' })));
  const text = await repairText(v4, parseState(kernel.saved()), tools);
  await tools.restoreQuietly(text, AbortSignal.any([]));
  return text;
}

describe('repairText', () => {
  it('makes the wanted rules of none, of changed ones, and of its own', async () => {
    const fresh = new FakeKernel();
    await repair(fresh);
    const wanted = fresh.saved();
    const drifted = new FakeKernel();
    await repair(drifted);
    drifted.change('-t nat -D ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT');
    drifted.change('-t nat -N ISTIO_OLD');
    drifted.change('-t nat -A OUTPUT -p udp -j ISTIO_OLD');

    await repair(drifted);
    await repair(fresh);

    assert.deepEqual(sorted(drifted.saved()), sorted(wanted));
    assert.deepEqual(sorted(fresh.saved()), sorted(wanted));
  });

  it('leaves rules of others, and does not double a rule of its own among them', async () => {
    const kernel = new FakeKernel();
    await repair(kernel);
    kernel.change('-t nat -A OUTPUT -d 10.0.0.1 -j RETURN');

    const text = await repair(kernel);

    assert.match(kernel.saved(), /-A OUTPUT -d 10\.0\.0\.1 -j RETURN/);
    assert.equal(kernel.saved().match(/-o eth9/g)?.length, 1);
    assert.doesNotMatch(text, /10\.0\.0\.1|eth9/);
  });

  it('removes own chains of a table that is not wanted any more', async () => {
    const kernel = new FakeKernel();
    kernel.change('-t raw -N ISTIO_OUTPUT_DNS');
    kernel.change('-t raw -A OUTPUT -j ISTIO_OUTPUT_DNS');

    await repair(kernel);

    assert.doesNotMatch(kernel.saved(), /ISTIO_OUTPUT_DNS/);
  });
});

function sorted(saved: string): readonly string[] {
  return saved
    .split('\n')
    .filter((line) => /^-A|ISTIO/.test(line))
    .toSorted();
}
