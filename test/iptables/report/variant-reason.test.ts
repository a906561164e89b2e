import assert from 'node:assert/strict';

import { variantReason } from '../../../iptables/report/variant-reason.ts';
import { resolveCapture } from '../../../iptables/settings/capture-config.ts';
import type { DetectedVariant } from '../../../iptables/tools/detection.ts';
import { detectVariants } from '../../../iptables/tools/variants.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { podSettings } from '../settings-example.ts';

const ALL = ['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy'];

interface Chosen {
  readonly v4: DetectedVariant | undefined;
  readonly v6: DetectedVariant | undefined;
  /** Why that of IPv4 was chosen. */
  readonly reason: string;
}

async function chosen(kernel: FakeKernel, forceBinary = ''): Promise<Chosen> {
  const deps = { run: kernel.run, clock: new FakeClock(), log: recordingLog().log };
  const config = resolveCapture(podSettings());
  const options = { cleanup: 'no', forceBinary, ipv6Only: false, readOnly: true } as const;
  const { chosen, evidence } = await detectVariants(deps, config, options, AbortSignal.any([]));
  return { ...chosen, reason: chosen.v4 === undefined ? '' : variantReason(chosen.v4, evidence.v4) };
}

describe('variantReason, for the variants that a report reads', () => {
  it('takes what holds own rules, and says so', async () => {
    const kernel = new FakeKernel(ALL);
    kernel.change('-t nat -N ISTIO_OUTPUT', 'iptables-legacy');

    const { v4, reason } = await chosen(kernel);

    assert.equal(v4?.name, 'iptables-legacy');
    assert.equal(reason, 'it holds rules of an earlier run');
  });

  it('takes nft where legacy holds nothing, and what is forced', async () => {
    const free = await chosen(new FakeKernel(ALL));
    const forced = await chosen(new FakeKernel(ALL), 'legacy');

    assert.deepEqual([free.v4?.name, free.reason], ['iptables-nft', 'iptables-legacy holds no rules']);
    assert.deepEqual(
      [forced.v4?.name, forced.reason],
      ['iptables-legacy', 'forced by --force-iptables-binary'],
    );
  });

  it('changes nothing, not even a probe that a killed run has left', async () => {
    const kernel = new FakeKernel(ALL);
    kernel.change('-t nat -A INPUT -p 255 -j RETURN');

    await chosen(kernel);

    assert.ok(kernel.calls.every((call) => /-save(?: --version)?$/.test(call)));
    assert.match(kernel.saved(), /-p 255/);
  });

  it('does without tools for a family that is not captured', async () => {
    const { v4, v6 } = await chosen(new FakeKernel(['iptables-nft']));

    assert.equal(v4?.name, 'iptables-nft');
    assert.equal(v6, undefined);
    await assert.rejects(chosen(new FakeKernel(['ip6tables-nft'])));
  });
});
