import assert from 'node:assert/strict';

import { planRules } from '../../../iptables/rules/plan.ts';
import { restoreText } from '../../../iptables/rules/restore.ts';
import { resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { cleanFamily } from '../../../iptables/state/cleanup.ts';
import { leftovers, removalCommands } from '../../../iptables/state/removal.ts';
import { parseState } from '../../../iptables/state/state.ts';
import { FamilyTools } from '../../../iptables/tools/family-tools.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { podSettings } from '../settings-example.ts';

const RULES = planRules(resolveCapture(podSettings())).v4;

function setUp() {
  const kernel = new FakeKernel();
  const variant = { family: 'v4', name: 'iptables-nft', version: [1, 8, 9], legacy: false } as const;
  const tools = new FamilyTools({
    run: kernel.run,
    clock: new FakeClock(),
    log: recordingLog().log,
    variant,
  });
  const clean = (rules = RULES): Promise<readonly string[]> =>
    cleanFamily(rules, parseState(kernel.saved()), tools, AbortSignal.any([]));
  return { kernel, tools, clean, signal: AbortSignal.any([]) };
}

const rulesIn = (saved: string): readonly string[] =>
  saved.split('\n').filter((line) => line.startsWith('-A'));

describe('cleanFamily', () => {
  it('removes what the same plan added, and no rule of others', async () => {
    const { kernel, tools, clean, signal } = setUp();
    kernel.change('-t nat -A OUTPUT -p udp -j RETURN');
    await tools.restore(restoreText(RULES), signal);

    const left = await clean();

    assert.deepEqual(left, []);
    assert.doesNotMatch(kernel.saved(), /ISTIO/);
    assert.deepEqual(rulesIn(kernel.saved()), ['-A OUTPUT -p udp -j RETURN']);
  });

  it('removes own chains that other flags or an older version made', async () => {
    const { kernel, tools, clean, signal } = setUp();
    const other = planRules(resolveCapture(podSettings({ redirectDNS: true, captureAllDNS: true }))).v4;
    await tools.restore(restoreText(other), signal);

    const left = await clean();

    assert.deepEqual(left, []);
    assert.doesNotMatch(kernel.saved(), /ISTIO/);
  });

  it('removes what other flags left alone, once, and an equal rule of others not at all', async () => {
    const { kernel, tools, clean, signal } = setUp();
    const other = planRules(
      resolveCapture(podSettings({ excludeInterfaces: 'net1', inboundInterceptionMode: 'TPROXY' })),
    );
    kernel.change('-t nat -A OUTPUT -p udp -j RETURN');
    kernel.change('-t nat -A OUTPUT -o net1 -j RETURN');
    await tools.restore(restoreText(other.v4), signal);

    await clean();

    assert.deepEqual(
      rulesIn(kernel.saved()).filter((line) => !line.includes(' mark ') && !line.includes('MARK')),
      ['-A OUTPUT -p udp -j RETURN', '-A OUTPUT -o net1 -j RETURN'],
    );
  });

  it('removes twice what the plan has twice', async () => {
    const { kernel, tools, clean, signal } = setUp();
    const twice = podSettings({
      excludeInterfaces: 'net1',
      rerouteVirtualInterfaces: 'net1',
      outboundIPRangesInclude: '',
    });
    const rules = planRules(resolveCapture(twice)).v4;
    await tools.restore(restoreText(rules), signal);

    await clean(rules);

    assert.deepEqual(rulesIn(kernel.saved()), []);
  });

  it('takes one step as long as nothing has changed, and single ones otherwise', async () => {
    const { kernel, tools, clean, signal } = setUp();
    await tools.restore(restoreText(RULES), signal);
    kernel.calls.length = 0;
    await clean();
    const usual = [...kernel.calls];
    await tools.restore(restoreText(RULES), signal);
    const before = parseState(kernel.saved());
    kernel.change('-t nat -D OUTPUT -j ISTIO_OUTPUT');
    kernel.change('-t nat -A OUTPUT -p tcp -j ISTIO_OUTPUT');

    const left = await cleanFamily(RULES, before, tools, signal);

    assert.deepEqual(usual, ['iptables-nft-restore --noflush', 'iptables-nft-save']);
    assert.deepEqual(left, []);
    assert.doesNotMatch(kernel.saved(), /ISTIO/);
  });

  it('tells what it could not remove', async () => {
    const { kernel, clean } = setUp();
    kernel.change('-t nat -N ISTIO_STUCK');
    kernel.intercept = ({ args, input }) =>
      [...args, input].join(' ').includes('-X') ? { code: 1, stdout: '', stderr: 'no' } : undefined;

    assert.deepEqual(await clean(), ['nat: chain ISTIO_STUCK']);
  });
});

describe('leftovers', () => {
  it('are own chains and jumps into them, nothing else', () => {
    const state = parseState(
      '*nat\n:ISTIO_A - [0:0]\n-A OUTPUT -j ISTIO_A\n-A OUTPUT -j OTHER\n-A ISTIO_A -j RETURN\n',
    );

    assert.deepEqual(leftovers(state), ['nat: -A OUTPUT -j ISTIO_A', 'nat: chain ISTIO_A']);
  });

  it('are removed jumps first, and no chain before all are empty', () => {
    const state = parseState(
      '*nat\n:ISTIO_A - [0:0]\n:ISTIO_B - [0:0]\n-A OUTPUT -m comment --comment "a b" -j ISTIO_A\n',
    );

    assert.deepEqual(removalCommands([], state), [
      ['-t', 'nat', '-D', 'OUTPUT', '-m', 'comment', '--comment', 'a b', '-j', 'ISTIO_A'],
      ['-t', 'nat', '-F', 'ISTIO_A'],
      ['-t', 'nat', '-F', 'ISTIO_B'],
      ['-t', 'nat', '-X', 'ISTIO_A'],
      ['-t', 'nat', '-X', 'ISTIO_B'],
    ]);
  });
});
