import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { planNftRules } from '../../../iptables/nft/plan.ts';
import { applyText } from '../../../iptables/nft/transaction.ts';
import { planRules } from '../../../iptables/rules/plan.ts';
import { type CaptureSettings, resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { podSettings } from '../settings-example.ts';

const EVERYTHING: Partial<CaptureSettings> = {
  enableIPv6: true,
  inboundInterceptionMode: 'TPROXY',
  redirectDNS: true,
  dnsServersV4: ['10.96.0.10'],
  dnsServersV6: ['fd00::a'],
  excludeInterfaces: 'eth9',
  rerouteVirtualInterfaces: 'net1',
  dropInvalid: true,
  outboundIPRangesInclude: '10.0.0.0/8,fd00::/8',
  outboundIPRangesExclude: '10.9.0.0/16',
  outboundPortsInclude: '8080',
  outboundPortsExclude: '25,3000:3010',
  ownerGroupsExclude: '888',
};

/** One line per rule: table, chain, then the rule. */
function lines(changes: Partial<CaptureSettings>): readonly string[] {
  const rows = planNftRules(resolveCapture(podSettings(changes)));
  return rows.map(({ table, chain, expression }) => `${table} ${chain} ${expression}`);
}

describe('planNftRules', () => {
  for (const [name, changes] of Object.entries({ 'pod.nft': {}, 'everything.nft': EVERYTHING })) {
    it(`makes exactly the transaction of golden/${name}`, async () => {
      const rows = planNftRules(resolveCapture(podSettings(changes)));

      const golden = await readFile(join(import.meta.dirname, 'golden', name), 'utf8');
      assert.equal(applyText(rows, new Set()), golden);
    });
  }

  const configs: Readonly<Record<string, Partial<CaptureSettings>>> = {
    'an injected pod': {},
    'every option at once': EVERYTHING,
    'listed ports, groups and all DNS': {
      inboundPortsInclude: '80,443',
      ownerGroupsInclude: '7',
      redirectDNS: true,
      captureAllDNS: true,
    },
    'every address from a virtual machine': { rerouteVirtualInterfaces: 'net1' },
    'DNS servers of a family that is not captured': { redirectDNS: true, dnsServersV6: ['fd00::a'] },
  };
  for (const [name, changes] of Object.entries(configs)) {
    it(`has a rule for every purpose that iptables rules serve, and for no other: ${name}`, () => {
      const config = resolveCapture(podSettings(changes));

      const { v4, v6 } = planRules(config);

      const purposes = (rows: readonly { readonly why: string }[]): readonly string[] =>
        [...new Set(rows.map(({ why }) => why))].sort();
      assert.deepEqual(purposes(planNftRules(config)), purposes([...v4, ...v6]));
    });
  }

  it('leaves out jumps to chains without rules when the only DNS servers are of the other family', () => {
    const rules = lines({ redirectDNS: true, dnsServersV6: ['fd00::a'] });

    assert.ok(!rules.includes('nat istio-output counter jump istio-output-dns'));
    assert.ok(!rules.includes('raw prerouting counter jump istio-inbound'));
    assert.ok(rules.includes('raw output counter jump istio-output-dns'));
  });

  it('drops invalid packets of TCP only', () => {
    const rules = lines({ dropInvalid: true });

    assert.ok(rules.includes('mangle prerouting meta l4proto tcp ct state invalid counter jump istio-drop'));
  });

  it('returns everything outbound when no group is captured', () => {
    assert.ok(lines({ ownerGroupsInclude: '' }).includes('nat istio-output counter return'));
  });

  it('leaves loopback calls of the application captured when a loopback range is listed', () => {
    const rules = lines({ outboundIPRangesInclude: '127.0.0.0/8' });

    assert.ok(!rules.includes('nat istio-output oifname lo skuid != 1337 counter return'));
  });
});
