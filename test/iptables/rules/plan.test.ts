import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { planRules } from '../../../iptables/rules/plan.ts';
import { restoreText } from '../../../iptables/rules/restore.ts';
import { ruleWords } from '../../../iptables/rules/rule.ts';
import { type CaptureSettings, resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { podSettings } from '../settings-example.ts';

/** One line per rule: table, then the rule. */
function lines(changes: Partial<CaptureSettings>, family: 'v4' | 'v6' = 'v4'): readonly string[] {
  const plan = planRules(resolveCapture(podSettings(changes)));
  return plan[family].map((rule) => `${rule.table} ${ruleWords(rule).join(' ')}`);
}

function golden(name: string): Promise<string> {
  return readFile(join(import.meta.dirname, 'golden', name), 'utf8');
}

describe('planRules', () => {
  for (const [name, changes] of Object.entries<Partial<CaptureSettings>>({
    'pod-ipv4.restore': {},
    'tproxy-ipv4.restore': { inboundInterceptionMode: 'TPROXY' },
    'dns-ipv4.restore': { redirectDNS: true, dnsServersV4: ['10.96.0.10'] },
  })) {
    it(`makes exactly the rules of golden/${name}`, async () => {
      const { v4, v6 } = planRules(resolveCapture(podSettings(changes)));

      assert.equal(restoreText(v4), await golden(name));
      assert.deepEqual(v6, []);
    });
  }

  it('makes the same chains for IPv6, with its own loopback and passthrough addresses', async () => {
    const plan = planRules(resolveCapture(podSettings({ enableIPv6: true })));

    assert.equal(restoreText(plan.v4), await golden('pod-ipv4.restore'));
    assert.equal(restoreText(plan.v6), await golden('pod-ipv6.restore'));
  });

  it('says of every rule what it is for', () => {
    const everything = podSettings({
      inboundInterceptionMode: 'TPROXY',
      excludeInterfaces: 'eth9',
      rerouteVirtualInterfaces: 'net1',
      redirectDNS: true,
      captureAllDNS: true,
      dropInvalid: true,
      outboundPortsInclude: '8080',
      outboundPortsExclude: '25',
    });

    const { v4 } = planRules(resolveCapture(everything));

    assert.ok(v4.every(({ why }) => why.length > 5));
  });

  it('captures nothing inbound when no inbound port is named', () => {
    const rules = lines({ inboundPortsInclude: '' });

    assert.ok(!rules.some((rule) => rule.includes('PREROUTING')));
  });

  it('ignores inbound exclusions when single ports are captured', () => {
    const rules = lines({ inboundPortsInclude: '80', inboundPortsExclude: '80,81' });

    assert.ok(rules.includes('nat -A ISTIO_INBOUND -p tcp --dport 80 -j ISTIO_IN_REDIRECT'));
    assert.ok(!rules.some((rule) => rule.endsWith('--dport 81 -j RETURN')));
  });

  it('sends only ranges of the own family', () => {
    const ranges = { outboundIPRangesInclude: '10.0.0.0/8,FD00::/8', enableIPv6: true };

    assert.ok(lines(ranges).includes('nat -A ISTIO_OUTPUT -d 10.0.0.0/8 -j ISTIO_REDIRECT'));
    assert.ok(!lines(ranges).some((rule) => rule.includes('fd00')));
    assert.ok(lines(ranges, 'v6').includes('nat -A ISTIO_OUTPUT -d fd00::/8 -j ISTIO_REDIRECT'));
  });

  it('leaves loopback calls of the application captured when a loopback range is listed', () => {
    const rules = lines({ outboundIPRangesInclude: '127.0.0.0/8' });

    assert.ok(!rules.includes('nat -A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN'));
  });

  it('returns everybody but the captured groups, in one rule', () => {
    const rules = lines({ ownerGroupsInclude: '7,8', ownerGroupsExclude: '9' });

    assert.ok(
      rules.includes('nat -A ISTIO_OUTPUT -m owner ! --gid-owner 7 -m owner ! --gid-owner 8 -j RETURN'),
    );
    assert.ok(!rules.some((rule) => rule.includes('--gid-owner 9')));
  });

  it('returns everything outbound when no group is captured', () => {
    assert.ok(lines({ ownerGroupsInclude: '' }).includes('nat -A ISTIO_OUTPUT -j RETURN'));
  });

  it('puts the redirect of a virtual interface before its return', () => {
    const inserts = lines({ rerouteVirtualInterfaces: 'net1' }).filter((rule) => rule.includes(' -I '));

    assert.deepEqual(inserts, [
      'nat -I PREROUTING 1 -i net1 -j RETURN',
      'nat -I PREROUTING 1 -i net1 -j ISTIO_REDIRECT',
    ]);
  });

  it('jumps to the DNS chain only in a family that has servers', () => {
    const dns = { redirectDNS: true, dnsServersV4: ['10.96.0.10'], enableIPv6: true };

    assert.ok(lines(dns).includes('nat -A ISTIO_OUTPUT -j ISTIO_OUTPUT_DNS'));
    assert.ok(!lines(dns, 'v6').includes('nat -A ISTIO_OUTPUT -j ISTIO_OUTPUT_DNS'));
  });

  it('captures every port 53 without naming servers when all DNS is wanted', () => {
    const rules = lines({ redirectDNS: true, captureAllDNS: true });

    assert.ok(rules.includes('nat -A ISTIO_OUTPUT_DNS -p udp --dport 53 -j REDIRECT --to-port 15053'));
    assert.ok(rules.includes('raw -A ISTIO_INBOUND -p udp --sport 53 -j CT --zone 1'));
  });

  it('excludes interfaces in mangle too when TPROXY works there', () => {
    const tables = (mode: string): readonly string[] =>
      lines({ inboundInterceptionMode: mode, excludeInterfaces: 'eth9' })
        .filter((rule) => rule.includes('-i eth9'))
        .map((rule) => rule.split(' ')[0] ?? '');

    assert.deepEqual(tables('REDIRECT'), ['nat']);
    assert.deepEqual(tables('TPROXY'), ['nat', 'mangle']);
  });

  it('drops invalid packets only when asked to', () => {
    assert.ok(!lines({}).some((rule) => rule.includes('INVALID')));
    assert.deepEqual(lines({ dropInvalid: true }).slice(0, 2), [
      'mangle -A PREROUTING -m conntrack --ctstate INVALID -j ISTIO_DROP',
      'mangle -A ISTIO_DROP -j DROP',
    ]);
  });
});
