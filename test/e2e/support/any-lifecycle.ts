// Random lives of a capture: two configurations, rules of others, a variant, a way to clean up.

import * as fc from 'fast-check';

import type { CaptureSettings } from '../../../iptables/settings/capture-config.ts';
import { anySettings } from '../../iptables/any-settings.ts';
import type { Lifecycle } from './capture-lifecycle.ts';

const FOREIGN: readonly string[] = [
  '-t nat -A OUTPUT -d 10.9.9.9/32 -p tcp -j RETURN',
  '-t nat -A PREROUTING -i eth0 -p udp -j ACCEPT',
  '-t nat -A POSTROUTING -s 10.3.0.0/16 -j MASQUERADE',
  '-t mangle -A PREROUTING -p icmp -j MARK --set-mark 0x17',
  '-t mangle -A OUTPUT -p udp --dport 5000 -j RETURN',
  '-t raw -A PREROUTING -p udp --dport 4789 -j NOTRACK',
  '-t filter -A INPUT -p tcp --dport 9 -j DROP',
  '-t nat -N OTHERS',
  '-t nat -A OUTPUT -o eth1 -m comment --comment "a \\"b\\" c" -j ACCEPT',
];

/** Without a redirect, a virtual interface's last rule could be anybody's: only the same flags remove it. */
function withKnownRules(settings: CaptureSettings): CaptureSettings {
  return settings.outboundIPRangesInclude === '*' ? settings : { ...settings, rerouteVirtualInterfaces: '' };
}

/** The flags of the second alone say nothing of a family that only the first has captured. */
function withSameFamilies(life: Lifecycle): Lifecycle {
  const enableIPv6 = life.first.enableIPv6 || life.second.enableIPv6;
  return { ...life, second: { ...life.second, enableIPv6 } };
}

const settings = anySettings.map(withKnownRules);

export const anyLifecycle: fc.Arbitrary<Lifecycle> = fc
  .record({
    first: settings,
    second: settings,
    foreign: fc.subarray([...FOREIGN]),
    force: fc.constantFrom('', 'nft', 'legacy' as const),
    cleanup: fc.constantFrom('only', 'all' as const),
  })
  .map(withSameFamilies);
