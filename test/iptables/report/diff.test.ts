import assert from 'node:assert/strict';

import { FakeKernel } from '../fake-kernel.ts';
import { FakeNft } from '../nft/fake-nft.ts';
import { reportRun } from './report-run.ts';

const DIFF = { report: { kind: 'diff', form: 'text' } } as const;

describe('diff', () => {
  it('is silent about chains that are the same, and ends well', async () => {
    const kernel = new FakeKernel();
    await reportRun(kernel, {});
    const before = kernel.calls.length;

    const { printed, error } = await reportRun(kernel, DIFF);

    assert.equal(error, undefined);
    assert.deepEqual(printed, ['IPv4 (iptables-nft): the same', 'IPv6 (ip6tables-nft): the same']);
    assert.ok(kernel.calls.slice(before).every((call) => call.endsWith('-save')));
  });

  it('shows both sides of a chain that differs, rules of others too, and ends with IPT-DRIFT', async () => {
    const kernel = new FakeKernel();
    await reportRun(kernel, {});
    kernel.change('-t nat -A OUTPUT -p udp -j RETURN');
    kernel.change('-t nat -D OUTPUT -j ISTIO_OUTPUT');

    const { printed, error } = await reportRun(kernel, DIFF);

    assert.deepEqual(printed.slice(0, 5), [
      '--- IPv4: there, by iptables-nft',
      '+++ IPv4: wanted by these flags',
      '@@ nat OUTPUT @@',
      ' -A OUTPUT -p udp -j RETURN   # of others',
      '+-A OUTPUT -j ISTIO_OUTPUT',
    ]);
    assert.equal(error?.id, 'IPT-DRIFT');
    assert.match(error.message, /: iptables-nft nat\/OUTPUT$/);
  });

  it('finds what an earlier run left for a family that is not captured', async () => {
    const kernel = new FakeKernel();
    await reportRun(kernel, {});
    kernel.change('-t nat -N ISTIO_INBOUND', 'ip6tables-nft');

    const { printed, error } = await reportRun(kernel, DIFF);

    assert.equal(error?.id, 'IPT-DRIFT');
    assert.ok(printed.includes('-(the empty chain)'));
  });

  it('finds what another variant holds beside the one of a run', async () => {
    const kernel = new FakeKernel(['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip']);
    await reportRun(kernel, { forceBinary: 'nft' });
    const before = await reportRun(kernel, DIFF);
    kernel.change('-t nat -N ISTIO_OUTPUT', 'iptables-legacy');
    kernel.change('-t nat -A OUTPUT -j ISTIO_OUTPUT', 'iptables-legacy');

    const { printed, error } = await reportRun(kernel, DIFF);

    assert.equal(before.error, undefined);
    assert.equal(error?.id, 'IPT-DRIFT');
    assert.ok(printed.includes('--A OUTPUT -j ISTIO_OUTPUT'), printed.join('\n'));
  });

  it('gives programs the chains that differ', async () => {
    const { printed } = await reportRun(new FakeKernel(), { report: { kind: 'diff', form: 'json' } });

    const { same, sides } = JSON.parse(printed.join('\n')) as {
      same: boolean;
      sides: {
        label: string;
        chains: { table: string; chain: string; rules: { state: string; why: string }[] }[];
      }[];
    };
    assert.equal(same, false);
    const output = sides[0]?.chains.find(({ chain }) => chain === 'OUTPUT');
    assert.equal(output?.rules[0]?.state, 'missing');
    assert.equal(output.rules[0].why, 'everything that leaves');
  });

  it('compares what nft lists', async () => {
    const nft = new FakeNft();

    const { error, printed } = await reportRun(nft, { ...DIFF, nativeNftables: true });

    assert.equal(error?.id, 'IPT-DRIFT');
    assert.ok(printed.includes('+counter jump istio-output'));
    assert.deepEqual(nft.calls, ['nft -s list ruleset']);
  });
});
