import assert from 'node:assert/strict';

import { configOf, prepareJob, type CaptureJob } from '../../iptables/job.ts';
import type { CaptureRequest } from '../../iptables/settings/capture-request.ts';
import { recordingLog } from '../support/recording-log.ts';
import { podRequest } from './settings-example.ts';

interface Host {
  readonly addresses?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

/** The job of a request on a host, and what was warned of. */
async function prepare(
  changes: Partial<CaptureRequest>,
  { addresses = ['10.1.2.3'], files = {} }: Host = {},
): Promise<CaptureJob & { readonly warnings: readonly string[] }> {
  const { log, messages } = recordingLog();
  const host = {
    addresses: async () => addresses,
    interfaces: async () => new Set(['lo', 'eth0']),
    readText: async (path: string) => files[path] ?? Promise.reject(new Error(`ENOENT: ${path}`)),
    uid: () => 0,
  };
  const job = await prepareJob({ host, log, env: {} }, podRequest(changes));
  return { ...job, warnings: messages('warn') };
}

describe('prepareJob', () => {
  it('says nothing of a usual pod', async () => {
    const { warnings } = await prepare({});

    assert.deepEqual(warnings, []);
  });

  it('drops blanks in lists before they are checked', async () => {
    const { settings, warnings } = await prepare({ inboundPortsExclude: '80, 81' });

    assert.equal(settings.inboundPortsExclude, '80,81');
    assert.match(warnings.join(), /blanks in the list "80, 81"/);
  });

  it('warns of a mode that is neither of the two', async () => {
    assert.deepEqual((await prepare({ inboundInterceptionMode: 'tproxy' })).warnings, [
      '--istio-inbound-interception-mode "tproxy" is neither REDIRECT nor TPROXY; taken as REDIRECT',
    ]);
    assert.deepEqual((await prepare({ inboundInterceptionMode: '' })).warnings, []);
  });

  it('needs an own address, unless everything is to be removed', async () => {
    const { settings } = await prepare({ cleanup: 'all' }, { addresses: [] });

    assert.equal(settings.hostIP, '');
    await assert.rejects(prepare({ cleanup: 'only' }, { addresses: [] }), { id: 'IPT-NO-ADDRESS' });
  });

  it('warns of an interface that does not exist', async () => {
    const { warnings } = await prepare({ excludeInterfaces: 'eth0,net1' });

    assert.deepEqual(warnings, ['interface "net1" does not exist now; its rules count as soon as it does']);
  });

  it('warns of an IPv6 address that is not captured', async () => {
    const addresses = ['10.1.2.3', 'fd00::7'];

    assert.match(
      (await prepare({}, { addresses })).warnings.join(),
      /IPv6 is not captured.* fd00::7: see --dual-stack/,
    );
    assert.deepEqual((await prepare({ dualStack: true }, { addresses })).warnings, []);
  });

  it('fails where IPv6 is to be captured and is off on lo', async () => {
    const files = { '/proc/sys/net/ipv6/conf/lo/disable_ipv6': '1\n' };

    await assert.rejects(prepare({}, { addresses: ['fd00::7'], files }), { id: 'IPT-NO-IPV6' });
  });

  it('only warns of bad values when no rules are to be set', async () => {
    const bad = { outboundIPRangesInclude: '10.0.0.0', skipRuleApply: true };

    assert.match((await prepare(bad)).warnings.join(), /not used by this run.*"10\.0\.0\.0" is not a CIDR/);
    await assert.rejects(prepare({ ...bad, skipRuleApply: false }), { id: 'IPT-BAD-CIDR' });
    await assert.rejects(prepare({ ...bad, skipRuleApply: false, dryRun: true }), { id: 'IPT-BAD-CIDR' });
    await assert.rejects(prepare({ ...bad, skipRuleApply: false, cleanup: 'only' }), { id: 'IPT-BAD-CIDR' });
  });

  it('fails on a bad port that the validation listens on, even when no rules are to be set', async () => {
    const skipped = { proxyPort: 'abc', skipRuleApply: true };

    await assert.rejects(prepare({ ...skipped, runValidation: true }), { id: 'IPT-BAD-PORT' });
    assert.match((await prepare(skipped)).warnings.join(), /invalid port "abc"/);
  });
});

describe('configOf', () => {
  it('covers both families and TPROXY when everything is to be cleaned', async () => {
    const config = configOf(await prepare({ cleanup: 'all' }));

    assert.equal(config.enableIPv6, true);
    assert.deepEqual(config.tproxy, { mark: '1337', table: '133' });
  });
});
