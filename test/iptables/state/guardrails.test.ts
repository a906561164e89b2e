import assert from 'node:assert/strict';

import { holdsGuardrails, removeGuardrails, setGuardrails } from '../../../iptables/state/guardrails.ts';
import { parseState } from '../../../iptables/state/state.ts';
import { FamilyTools } from '../../../iptables/tools/family-tools.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';

function setUp() {
  const kernel = new FakeKernel();
  const { log } = recordingLog();
  const variant = { family: 'v4', name: 'iptables-nft', version: [], legacy: false } as const;
  const tools = new FamilyTools({ run: kernel.run, clock: new FakeClock(), log, variant });
  return { kernel, tools, signal: AbortSignal.any([]) };
}

const drops = (saved: string): number => saved.match(/-j DROP/g)?.length ?? 0;

describe('setGuardrails', () => {
  it('sets all six in one step, each first in its chain', async () => {
    const { kernel, tools, signal } = setUp();

    kernel.change('-t filter -A INPUT -j ACCEPT');

    await setGuardrails(tools, signal);

    assert.equal(drops(kernel.saved()), 6);
    assert.match(kernel.saved(), /-A INPUT -p udp -j DROP\n-A INPUT -p tcp -j DROP\n-A INPUT -j ACCEPT\n/);
    assert.ok(holdsGuardrails(parseState(kernel.saved())));
    assert.deepEqual(kernel.calls, ['iptables-nft-restore --noflush']);
  });
});

describe('removeGuardrails', () => {
  it('removes all six in one step, and leaves equal rules of others', async () => {
    const { kernel, tools, signal } = setUp();
    kernel.change('-t filter -A INPUT -p tcp -j DROP');
    await setGuardrails(tools, signal);
    kernel.calls.length = 0;

    await removeGuardrails(tools);

    assert.equal(drops(kernel.saved()), 1);
    assert.equal(kernel.calls.length, 1);
  });

  it('removes what there is when some are missing', async () => {
    const { kernel, tools, signal } = setUp();
    await setGuardrails(tools, signal);
    kernel.change('-t filter -D OUTPUT -p udp -j DROP');

    await removeGuardrails(tools);

    assert.equal(drops(kernel.saved()), 0);
  });
});

describe('holdsGuardrails', () => {
  it('is false for a part of them: those are rules of somebody else', () => {
    assert.equal(
      holdsGuardrails(parseState('*filter\n-A INPUT -p tcp -j DROP\n-A INPUT -p udp -j DROP\nCOMMIT\n')),
      false,
    );
  });
});
