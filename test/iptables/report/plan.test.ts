import assert from 'node:assert/strict';

import type { CaptureRequest, PlanForm } from '../../../iptables/settings/capture-request.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { FakeNft } from '../nft/fake-nft.ts';
import { reportRun } from './report-run.ts';

const planAs = (form: PlanForm, changes: Partial<CaptureRequest> = {}): Partial<CaptureRequest> => ({
  report: { kind: 'plan', form },
  ...changes,
});

interface PlanData {
  readonly outcome: string;
  readonly error?: string;
  readonly sides: readonly {
    readonly label: string;
    readonly residue: boolean;
    readonly delta: boolean;
    readonly add: readonly string[];
    readonly remove: readonly string[];
  }[];
  readonly commands?: readonly string[];
  readonly routes: readonly string[];
}

async function planData(
  kernel: FakeKernel | FakeNft,
  changes: Partial<CaptureRequest> = {},
): Promise<PlanData> {
  const { printed } = await reportRun(kernel, planAs('json', changes));
  return JSON.parse(printed.join('\n')) as PlanData;
}

async function captured(): Promise<FakeKernel> {
  const kernel = new FakeKernel();
  await reportRun(kernel, {});
  kernel.calls.length = 0;
  return kernel;
}

describe('plan', () => {
  it('adds everything where nothing is, and runs only what reads', async () => {
    const kernel = new FakeKernel();

    const { outcome, sides } = await planData(kernel);

    assert.equal(outcome, 'changes rules');
    assert.deepEqual([sides[0]?.residue, sides[0]?.delta, sides[0]?.remove], [false, true, []]);
    assert.ok(sides[0]?.add.includes('nat: -A OUTPUT -j ISTIO_OUTPUT'));
    assert.ok(
      kernel.calls.every((call) => /-save(?: --version)?$/.test(call)),
      kernel.calls.join('\n'),
    );
    assert.equal(kernel.saved(), '');
  });

  it('changes nothing where all is as wanted', async () => {
    const { outcome, sides, commands } = await planData(await captured());

    assert.equal(outcome, 'changes nothing');
    assert.deepEqual([sides[0]?.residue, sides[0]?.delta], [true, false]);
    assert.deepEqual(commands, []);
  });

  it('foretells that a run would fail where other rules are, and how --reconcile would not', async () => {
    const kernel = await captured();
    const other = { outboundPortsExclude: '25' };

    const refused = await planData(kernel, other);
    const replaced = await planData(kernel, { ...other, reconcile: true });
    const repaired = await planData(kernel, { ...other, reconcile: 'auto' });

    assert.equal(refused.outcome, 'fails');
    assert.match(refused.error ?? '', /^\[IPT-DRIFT\]/);
    assert.deepEqual(refused.commands, []);
    for (const { outcome, sides } of [replaced, repaired]) {
      assert.equal(outcome, 'changes rules');
      assert.deepEqual(sides[0]?.remove, []);
      assert.deepEqual(sides[0]?.add, [
        'nat: -A ISTIO_OUTPUT -p tcp --dport 25 -j RETURN',
        'nat: -A ISTIO_OUTPUT -p udp --dport 25 -j RETURN',
      ]);
    }
  });

  it('removes our rules and no others when it is to clean up', async () => {
    const kernel = await captured();
    kernel.change('-t nat -A OUTPUT -p udp -j RETURN');

    const { sides } = await planData(kernel, { cleanup: 'only' });

    assert.deepEqual(sides[0]?.add, []);
    assert.ok(sides[0]?.remove.includes('nat: -A OUTPUT -j ISTIO_OUTPUT'));
    assert.ok(!sides[0]?.remove.includes('nat: -A OUTPUT -p udp -j RETURN'));
  });

  it('says which program and why, and what else is set', async () => {
    const { printed } = await reportRun(
      new FakeKernel(),
      planAs('text', { inboundInterceptionMode: 'TPROXY', forceBinary: 'nft' }),
    );

    assert.match(
      printed[0] ?? '',
      /^IPv4: iptables-nft, because forced by --force-iptables-binary; it holds no rules yet$/,
    );
    assert.ok(printed.includes('  ip -4 rule add fwmark 1337 lookup 133'));
    assert.ok(printed.includes('  + iptables-nft nat: -A OUTPUT -j ISTIO_OUTPUT'));
  });

  it('is input of iptables-restore', async () => {
    const { printed } = await reportRun(new FakeKernel(), planAs('restore'));

    assert.deepEqual(printed.slice(0, 3), ['# iptables-nft-restore --noflush', '* nat', '-N ISTIO_INBOUND']);
    assert.equal(printed.at(-1), 'COMMIT');
  });

  it('is lines for a shell, with comments quoted', async () => {
    const { printed } = await reportRun(new FakeKernel(), planAs('commands', { comments: true }));

    assert.equal(printed[0], 'iptables-nft -t nat -N ISTIO_INBOUND');
    assert.ok(
      printed.includes(
        'iptables-nft -t nat -A OUTPUT -m comment --comment "sidecar-agent/everything that leaves" -j ISTIO_OUTPUT',
      ),
    );
  });

  it('is a transaction of nft, which is not loaded', async () => {
    const nft = new FakeNft();

    const { printed } = await reportRun(nft, planAs('nft', { comments: true }));

    assert.equal(printed[0], 'add table inet istio-proxy-nat');
    assert.ok(
      printed.includes(
        'add rule inet istio-proxy-nat output counter jump istio-output comment "sidecar-agent/everything that leaves"',
      ),
    );
    assert.deepEqual(nft.calls, ['nft -s list ruleset']);
  });

  it('sets nothing with --skip-rule-apply', async () => {
    assert.equal((await planData(new FakeKernel(), { skipRuleApply: true })).outcome, 'changes nothing');
  });

  it('sets only routes where only these are missing, also for rules of nftables', async () => {
    const kernel = new FakeKernel();
    const tproxy = { inboundInterceptionMode: 'TPROXY' } as const;
    await reportRun(kernel, tproxy);

    const missing = await planData(kernel, tproxy);
    kernel.intercept = ({ file, args }) => {
      const known = { rule: '[{"fwmark":"0x539","table":"133"}]', route: 'local default dev lo scope host' };
      if (file !== 'ip') return undefined;
      return { code: 0, stdout: args.includes('rule') ? known.rule : known.route, stderr: '' };
    };
    const present = await planData(kernel, tproxy);
    const native = await planData(new FakeNft(), { ...tproxy, nativeNftables: true });

    assert.equal(missing.outcome, 'changes routes');
    assert.equal(missing.routes.length, 2);
    assert.deepEqual([present.outcome, present.routes], ['changes nothing', []]);
    assert.equal(native.routes.length, 2);
  });

  it('cleans up every variant that holds rules of ours', async () => {
    const kernel = new FakeKernel(['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip']);
    await reportRun(kernel, { forceBinary: 'nft' });
    await reportRun(kernel, { forceBinary: 'legacy' });

    const cleaned = await planData(kernel, { cleanup: 'only' });

    const removed = cleaned.sides.filter(({ remove }) => remove.length > 0);
    assert.deepEqual(
      removed.map(({ label }) => label),
      ['IPv4', 'IPv4'],
    );
  });

  it('is the transaction in every form that a tool takes, of nftables', async () => {
    const forms = (['restore', 'commands', 'nft'] as const).map(async (form) => {
      const { printed } = await reportRun(new FakeNft(), planAs(form, { nativeNftables: true }));
      return printed.join('\n');
    });

    const [restore, commands, nft] = await Promise.all(forms);

    assert.match(nft ?? '', /^add table inet istio-proxy-nat$/m);
    assert.deepEqual([restore, commands], [nft, nft]);
  });

  it('foretells a failure of ip too, and changes nothing then', async () => {
    const kernel = new FakeKernel(['iptables-nft', 'ip6tables-nft']);

    const { outcome, error, sides } = await planData(kernel, { inboundInterceptionMode: 'TPROXY' });

    assert.equal(outcome, 'fails');
    assert.match(error ?? '', /^\[IPT-NO-TOOL\] .*ip/);
    assert.deepEqual(sides[0]?.add, []);
  });
});
