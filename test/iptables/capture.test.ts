import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCapture } from '../../iptables/capture.ts';
import type { CaptureRequest } from '../../iptables/settings/capture-request.ts';
import type { ToolCall, ToolResult } from '../../iptables/tools/run-tool.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { FakeKernel } from './fake-kernel.ts';
import { podRequest } from './settings-example.ts';

/** A pod with one IPv4 and one IPv6 address, whose rules are in memory. */
function setUp(kernel = new FakeKernel()) {
  const logs = recordingLog();
  const printed: string[] = [];
  const deps = {
    run: kernel.run,
    host: {
      addresses: async () => ['10.1.2.3', '2001:db8::1'],
      interfaces: async () => new Set<string>(),
      readText: async () => '',
      uid: () => 0,
    },
    clock: new FakeClock(),
    log: logs.log,
    print: (line: string) => void printed.push(line),
    env: {},
  };
  const capture = (changes: Partial<CaptureRequest> = {}, signal = AbortSignal.any([])): Promise<void> =>
    runCapture(deps, podRequest(changes), signal);
  return { kernel, logs, printed, capture };
}

function failing(part: string): (call: ToolCall) => ToolResult | undefined {
  return ({ file, args, input = '' }) =>
    [file, ...args, input].join(' ').includes(part)
      ? { code: 2, stdout: '', stderr: `${file}: refused` }
      : undefined;
}

const ruleCount = (saved: string): number => saved.match(/^-A/gm)?.length ?? 0;
const POD_RULES = 18;

describe('runCapture', () => {
  it('brings the rules in with one restore per family', async () => {
    const { kernel, capture } = setUp();

    await capture({ dualStack: true });

    const restores = kernel.calls.filter((call) => call.includes('tables-nft-restore'));
    assert.deepEqual(restores, [
      'ip6tables-nft-restore --noflush --test',
      'iptables-nft-restore --noflush',
      'ip6tables-nft-restore --noflush',
    ]);
    assert.equal(ruleCount(kernel.saved()), POD_RULES);
    assert.equal(ruleCount(kernel.saved('ip6tables-nft')), POD_RULES);
  });

  it('leaves IPv6 alone where only IPv4 is captured', async () => {
    const { kernel, capture } = setUp();

    await capture();

    assert.equal(ruleCount(kernel.saved('ip6tables-nft')), 0);
    assert.ok(!kernel.calls.some((call) => call.startsWith('ip ')));
  });

  it('changes nothing when it runs again', async () => {
    const { kernel, logs, capture } = setUp();
    await capture();
    const before = kernel.saved();
    kernel.calls.length = 0;

    await capture();

    assert.equal(kernel.saved(), before);
    assert.ok(!kernel.calls.some((call) => call.includes('tables-nft-restore')));
    assert.match(logs.messages('info').join('\n'), /reconciliation not needed/);
  });

  it('applies only the family that lacks its rules', async () => {
    const { kernel, capture } = setUp();
    await capture();
    kernel.calls.length = 0;

    await capture({ dualStack: true });

    const restores = kernel.calls.filter((call) => call.includes('tables-nft-restore'));
    assert.deepEqual(restores, ['ip6tables-nft-restore --noflush']);
  });

  it('fails on drifted rules without --reconcile, and leaves them as they were', async () => {
    const { kernel, logs, capture } = setUp();
    await capture();
    kernel.change('-t nat -A ISTIO_INBOUND -p tcp --dport 9 -j RETURN');
    const before = kernel.saved();

    await assert.rejects(capture(), {
      id: 'IPT-DRIFT',
      message: /IPv4 rules differ .*: nat\/ISTIO_INBOUND has 6 rules instead of 5/,
    });

    assert.equal(kernel.saved(), before);
    assert.match(logs.messages('warn').join(), /reconcile is recommended/);
  });

  it('replaces drifted rules with --reconcile, guarded, and removes the guards', async () => {
    const { kernel, capture } = setUp();
    await capture();
    const wanted = kernel.saved();
    kernel.change('-t nat -A ISTIO_INBOUND -p tcp --dport 9 -j RETURN');
    const guarded: (number | undefined)[] = [];
    kernel.intercept = ({ args, input }) => {
      const changes = args.join(' ').endsWith('-X ISTIO_INBOUND') || input?.startsWith('* nat') === true;
      if (changes && !args.includes('--test')) guarded.push(kernel.saved().match(/-j DROP$/gm)?.length);
      return undefined;
    };

    await capture({ reconcile: true });

    const natOf = (saved: string): readonly string[] =>
      saved
        .split('\n')
        .filter((line) => /ISTIO/.test(line))
        .sort();
    assert.deepEqual(natOf(kernel.saved()), natOf(wanted));
    assert.deepEqual(guarded, [6, 6]); // while the last old chain goes, and while the new ones come
    assert.doesNotMatch(kernel.saved(), /-j DROP/);
  });

  it('removes the guards also when replacing fails', async () => {
    const { kernel, capture } = setUp();
    await capture();
    kernel.change('-t nat -A ISTIO_INBOUND -p tcp --dport 9 -j RETURN');
    kernel.intercept = ({ file, args, input }) =>
      input?.includes('-N ISTIO_INBOUND') === true && !args.includes('--test')
        ? { code: 2, stdout: '', stderr: `${file}: refused` }
        : undefined;

    await assert.rejects(capture({ reconcile: true }), /refused/);

    assert.doesNotMatch(kernel.saved(), /-j DROP/);
  });

  it('keeps the present rules when the tools would not take the new ones', async () => {
    const { kernel, capture } = setUp();
    await capture();
    const before = kernel.saved();
    kernel.intercept = failing('--uid-owner nobody-known');

    await assert.rejects(capture({ reconcile: true, proxyUID: 'nobody-known' }), /refused/);

    assert.equal(kernel.saved(), before);
  });

  it('removes guards that a killed run left behind', async () => {
    const { kernel, capture } = setUp();
    for (const chain of ['INPUT', 'FORWARD', 'OUTPUT']) {
      for (const protocol of ['tcp', 'udp']) kernel.change(`-t filter -A ${chain} -p ${protocol} -j DROP`);
    }

    await capture();

    assert.doesNotMatch(kernel.saved(), /-j DROP/);
  });

  it('takes IPv4 rules back when IPv6 is refused, and leaves rules of others', async () => {
    const { kernel, capture } = setUp();
    kernel.change('-t nat -A OUTPUT -p udp -j RETURN');
    kernel.intercept = failing('ip6tables-nft-restore');

    await assert.rejects(capture({ dualStack: true }), /refused/);

    assert.doesNotMatch(kernel.saved(), /ISTIO/);
    assert.match(kernel.saved(), /-A OUTPUT -p udp -j RETURN/);
  });

  it('takes back the tables that a refused restore had filled before', async () => {
    const { kernel, capture } = setUp();
    kernel.change('-t raw -N ISTIO_OUTPUT_DNS');
    const dns = { redirectDNS: true, captureAllDNS: true };

    await assert.rejects(capture({ ...dns, forceApply: true }), {
      id: 'IPT-DRIFT',
      message: /Chain already exists/,
    });

    assert.doesNotMatch(kernel.saved(), /-A|ISTIO_(?!OUTPUT_DNS)/);
    assert.match(kernel.saved(), /:ISTIO_OUTPUT_DNS/);
  });

  it('takes rules back when the routes they need are refused', async () => {
    const { kernel, capture } = setUp();
    kernel.intercept = failing('ip -4 rule add');

    await assert.rejects(capture({ inboundInterceptionMode: 'TPROXY' }), /failed to configure routes/);

    assert.doesNotMatch(kernel.saved(), /ISTIO/);
  });

  it('takes rules back when it is told to stop before the end', async () => {
    const { kernel, capture } = setUp();
    const stop = new AbortController();
    kernel.intercept = ({ file }) => {
      if (file === 'ip6tables-nft-restore') stop.abort(new Error('stopped'));
      return undefined;
    };

    await assert.rejects(capture({ dualStack: true }, stop.signal), /stopped/);

    assert.doesNotMatch(kernel.saved(), /ISTIO/);
  });

  it('cleans up with the same flags, rules and routes, and applies nothing', async () => {
    const { kernel, capture } = setUp();
    const tproxy: Partial<CaptureRequest> = { inboundInterceptionMode: 'TPROXY' };
    await capture(tproxy);
    kernel.calls.length = 0;

    await capture({ ...tproxy, cleanup: 'only' });

    assert.doesNotMatch(kernel.saved(), /ISTIO|^-A/m);
    assert.ok(!kernel.calls.some((call) => call.startsWith('ip -4 rule add')));
    assert.ok(kernel.calls.includes('ip -4 route del local default dev lo table 133 scope host'));
  });

  it('cleans both families of everything when told to clean all', async () => {
    const { kernel, capture } = setUp();
    await capture({ dualStack: true, redirectDNS: true, captureAllDNS: true });

    await capture({ cleanup: 'all' });

    assert.doesNotMatch(kernel.saved() + kernel.saved('ip6tables-nft'), /ISTIO/);
    assert.ok(kernel.calls.includes('ip -6 addr del ::6/128 dev lo'));
  });

  it('removes rules of both variants, and only warns of the second one otherwise', async () => {
    const both = ['iptables-nft', 'iptables-legacy', 'ip6tables-nft', 'ip'];
    const { kernel, logs, capture } = setUp(new FakeKernel(both));
    await capture({ forceBinary: 'legacy' });
    await capture({ forceBinary: 'nft' });

    await capture();
    assert.match(
      logs.messages('warn').join(),
      /rules of an earlier run are also in iptables-nft, and capture/,
    );
    await capture({ cleanup: 'only' });

    assert.doesNotMatch(kernel.saved('iptables-nft') + kernel.saved('iptables-legacy'), /ISTIO/);
  });

  it('says of a clean-up what it did, and compares nothing', async () => {
    const { kernel, capture } = setUp();
    await capture();
    const again = setUp(kernel);

    await again.capture({ inboundPortsInclude: '', cleanup: 'all' });

    const said = again.logs.messages('info').join('\n');
    assert.match(said, /IPv4: everything of ours was removed/);
    assert.match(said, /IPv6: there is nothing of ours to remove/);
    assert.doesNotMatch(said, /reconciliation|new iptables are needed/);
  });

  it('fails when cleanup leaves something of ours, and names it', async () => {
    const { kernel, capture } = setUp();
    await capture();
    kernel.intercept = failing('-X ISTIO_OUTPUT');

    await assert.rejects(
      capture({ cleanup: 'only' }),
      /cleanup could not remove: IPv4 nat: chain ISTIO_OUTPUT/,
    );
  });

  it('needs ip6tables only where IPv6 is captured', async () => {
    const { logs, capture } = setUp(new FakeKernel(['iptables-nft', 'ip']));

    await capture();

    assert.match(logs.messages('warn').join(), /continuing because IPv6 support is disabled/);
    await assert.rejects(capture({ dualStack: true }), /no ip6tables found/);
  });

  it('prints a dry run and runs nothing', async () => {
    const { kernel, printed, capture } = setUp();

    await capture({ dryRun: true, dualStack: true });

    const golden = (name: string): Promise<string> =>
      readFile(join(import.meta.dirname, 'rules/golden', name), 'utf8');
    const restores = (await golden('pod-ipv4.restore')) + (await golden('pod-ipv6.restore'));
    const record = `iptables-save\nip6tables-save\n${restores}iptables-save\nip6tables-save`;
    assert.equal(printed.join('\n'), record);
    assert.deepEqual(kernel.calls, []);
  });

  it('writes the dry run to a file instead, replacing what it held', async () => {
    await using directory = await temporaryDirectory();
    const { printed, capture } = setUp();
    const dryRunFile = join(directory.path, 'record.txt');

    await capture({ dryRun: true, dryRunFile });
    await capture({ dryRun: true, dryRunFile });

    const lines = (await readFile(dryRunFile, 'utf8')).split('\n');
    assert.equal(lines.filter((line) => line === '* nat').length, 1);
    assert.deepEqual(printed, []);
  });

  it('touches nothing when rules are to be skipped, whatever the ports are', async () => {
    const { kernel, capture } = setUp();

    await capture({ skipRuleApply: true, outboundIPRangesInclude: '10.0.0.0' });

    assert.deepEqual(kernel.calls, []);
  });

  it('refuses bad values before any tool runs', async () => {
    const { kernel, capture } = setUp();

    await assert.rejects(
      capture({ outboundIPRangesInclude: '10.0.0.0' }),
      /^CaptureError: --istio-service-cidr: /,
    );
    await assert.rejects(capture({ outboundIPRangesExclude: '*' }), /OUTBOUND_IP_RANGES_EXCLUDE/);
    await assert.rejects(capture({ inboundPortsInclude: 'abc' }), /--istio-inbound-ports/);

    assert.deepEqual(kernel.calls, []);
  });

  it('warns when DNS capture finds no server', async () => {
    const { logs, capture } = setUp();

    await capture({ redirectDNS: true });

    assert.match(logs.messages('warn').join(), /no DNS servers provided\. DNS capture disabled\./);
  });

  it('logs what it works with', async () => {
    const { logs, capture } = setUp();

    await capture();

    const dump = logs.messages('info').find((message) => message.startsWith('Istio config:')) ?? '';
    assert.match(dump, /^PROXY_PORT=15001$/m);
    assert.match(dump, /^DNS_SERVERS=\[\],\[\]$/m);
  });
});
