import assert from 'node:assert/strict';

import type { Family } from '../../../iptables/rules/rule.ts';
import { chooseVariant, type DetectedVariant, gatherEvidence } from '../../../iptables/tools/detection.ts';
import type { PatienceDeps } from '../../../iptables/tools/retry.ts';
import type { RunTool, ToolCall, ToolResult } from '../../../iptables/tools/run-tool.ts';
import { ToolStartError } from '../../../iptables/tools/run-tool.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';

function depsOf(run: RunTool): PatienceDeps {
  return { run, clock: new FakeClock(), log: recordingLog().log };
}

function detect(kernel: FakeKernel, force = ''): Promise<DetectedVariant> {
  return detectFor('v4', kernel.run, force);
}

async function detectFor(family: Family, run: RunTool, force = ''): Promise<DetectedVariant> {
  const deps = depsOf(run);
  return chooseVariant(deps, await gatherEvidence(deps, family, force), 'write', AbortSignal.any([]));
}

const BOTH = ['iptables-legacy', 'iptables-nft', 'iptables'];
const OWN = '-t nat -N ISTIO_OUTPUT';
const FOREIGN = '-t nat -A OUTPUT -j RETURN';

function refusing(part: string, result: Partial<ToolResult>): (call: ToolCall) => ToolResult | undefined {
  return ({ file, args }) =>
    [file, ...args].join(' ').includes(part) ? { code: 1, stdout: '', stderr: '', ...result } : undefined;
}

describe('chooseVariant', () => {
  it('chooses nft on a clean machine and does not even probe legacy', async () => {
    const kernel = new FakeKernel(BOTH);

    const variant = await detect(kernel);

    assert.deepEqual(
      { name: variant.name, legacy: variant.legacy, dump: variant.dump },
      { name: 'iptables-nft', legacy: false, dump: '' },
    );
    assert.ok(!kernel.calls.some((call) => call.startsWith('iptables-legacy -t')));
  });

  it('leaves no probe rule behind', async () => {
    const kernel = new FakeKernel(BOTH);

    await detect(kernel);

    assert.doesNotMatch(kernel.saved(), /^-A/m);
  });

  it('chooses legacy when others have rules there', async () => {
    const kernel = new FakeKernel(BOTH);
    kernel.change(FOREIGN, 'iptables-legacy');

    assert.equal((await detect(kernel)).name, 'iptables-legacy');
  });

  it('stays with the variant that holds own chains, whatever the other one holds', async () => {
    const kernel = new FakeKernel(BOTH);
    kernel.change(FOREIGN, 'iptables-legacy');
    kernel.change(OWN, 'iptables-nft');

    assert.equal((await detect(kernel)).name, 'iptables-nft');
  });

  it('is not misled by an empty table', async () => {
    const kernel = new FakeKernel(BOTH);
    kernel.change(FOREIGN, 'iptables-legacy');
    kernel.change(FOREIGN.replace('-A', '-D'), 'iptables-legacy');

    assert.equal((await detect(kernel)).name, 'iptables-nft');
  });

  it('falls back to the plain name, and waits for the lock when that is a legacy one', async () => {
    const kernel = new FakeKernel(['iptables']);

    const variant = await detect(kernel);

    assert.equal(variant.name, 'iptables');
    assert.ok(kernel.calls.includes('iptables -t nat -A INPUT -p 255 -j RETURN --wait=30'));
  });

  it('tries nothing but a forced variant', async () => {
    const kernel = new FakeKernel(['iptables-nft', 'iptables']);

    await assert.rejects(detect(kernel, 'legacy'), /no iptables/);
    await assert.rejects(detect(kernel, 'foo'), /iptables binary "foo" unsupported/);
    assert.deepEqual(kernel.calls, ['iptables-legacy-save']);
  });

  it('takes a tool that does not know --version for an old legacy one', async () => {
    const kernel = new FakeKernel(['iptables']);
    kernel.intercept = refusing('--version', { code: 0, stderr: "unrecognized option '--version'" });

    assert.deepEqual((await detect(kernel)).version, [0, 0, 0]);
    assert.ok(!kernel.calls.some((call) => call.includes('--wait')));
  });

  it('says in one line that the tool is missing and what to install', async () => {
    const run = async ({ file }: ToolCall): Promise<ToolResult> => {
      throw new ToolStartError(file, Object.assign(new Error('spawn'), { code: 'ENOENT' }));
    };
    const found = detectFor('v6', run);

    await assert.rejects(found, {
      id: 'IPT-NO-TOOL',
      message: 'no ip6tables found (looked for ip6tables-nft, ip6tables, ip6tables-legacy)',
    });
  });

  it('says in one line that capabilities are missing', async () => {
    const kernel = new FakeKernel(['iptables-nft']);
    kernel.intercept = refusing('-save', { code: 4, stderr: 'Permission denied (you must be root)\nhint\n' });

    await assert.rejects(detect(kernel), {
      id: 'IPT-NO-NET-ADMIN',
      message: /^failed to execute [^\n]*root\); hint$/,
    });
  });

  it('names the kernel modules when the table cannot be made', async () => {
    const kernel = new FakeKernel(BOTH);
    kernel.intercept = refusing('-A INPUT', { code: 3, stderr: "can't initialize iptables table `nat'" });

    await assert.rejects(detect(kernel), { id: 'IPT-NO-MODULE', message: /has no loaded kernel support/ });
  });
});
