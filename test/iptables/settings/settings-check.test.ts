import assert from 'node:assert/strict';

import type { CaptureSettings } from '../../../iptables/settings/capture-config.ts';
import {
  checkInterfaceNames,
  checkOwnerGroups,
  validateAlways,
  validateRuleValues,
} from '../../../iptables/settings/settings-check.ts';
import { podSettings } from '../settings-example.ts';

const REFUSED: readonly [Partial<CaptureSettings>, RegExp][] = [
  [{ proxyPort: '' }, /invalid port "" for --envoy-port/],
  [{ inboundCapturePort: '65536' }, /invalid port "65536" for --inbound-capture-port/],
  [{ inboundTunnelPort: '0' }, /--inbound-tunnel-port/],
  [{ inboundPortsInclude: 'abc' }, /invalid port "abc" for --istio-inbound-ports/],
  [{ inboundPortsExclude: '80, 81' }, /invalid port " 81" for --istio-local-exclude-ports/],
  [{ outboundPortsInclude: '1:2:3' }, /invalid port "1:2:3" for --istio-outbound-ports/],
  [{ outboundPortsExclude: '-1' }, /--istio-local-outbound-ports-exclude/],
  [{ proxyUID: '1337\n-A OUTPUT' }, /for --proxy-uid/],
  [{ proxyPort: '15006' }, /--envoy-port and --inbound-capture-port are both 15006/],
  [{ inboundTunnelPort: '15001' }, /--envoy-port and --inbound-tunnel-port are both 15001/],
  [{ proxyGID: '!7' }, /for --proxy-gid/],
  [{ ownerGroupsInclude: 'a b' }, /for ISTIO_OUTBOUND_OWNER_GROUPS$/],
  [{ ownerGroupsExclude: '"x"' }, /for ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE$/],
  [{ excludeInterfaces: 'eth;rm' }, /invalid interface name "eth;rm"/],
  [{ rerouteVirtualInterfaces: 'net1,' }, /invalid interface name ""/],
];

const TPROXY = { inboundInterceptionMode: 'TPROXY' };

const REFUSED_TPROXY: readonly [Partial<CaptureSettings>, RegExp][] = [
  [{ inboundTProxyMark: 'x' }, /failed to parse InboundTProxyMark: "x"/],
  [{ inboundTProxyMark: '0' }, /InboundTProxyMark: "0"/],
  [{ inboundTProxyMark: '4294967296' }, /InboundTProxyMark/],
  [{ inboundTProxyRouteTable: '254' }, /InboundTProxyRouteTable: "254"/],
  [{ inboundTProxyRouteTable: '0' }, /InboundTProxyRouteTable/],
  [{ inboundTProxyRouteTable: 'main' }, /InboundTProxyRouteTable: "main"/],
];

describe('validateRuleValues', () => {
  it('accepts the settings of an injected pod', () => {
    validateRuleValues(podSettings());
  });

  it('accepts port ranges as the tools write them', () => {
    validateRuleValues(podSettings({ outboundPortsExclude: '8000:9000' }));
  });

  for (const [changes, message] of REFUSED) {
    it(`refuses ${JSON.stringify(changes)}`, () => {
      assert.throws(() => validateRuleValues(podSettings(changes)), message);
    });
  }

  for (const [changes, message] of REFUSED_TPROXY) {
    it(`refuses ${JSON.stringify(changes)} in TPROXY mode, and only there`, () => {
      assert.throws(() => validateRuleValues(podSettings({ ...TPROXY, ...changes })), message);
      validateRuleValues(podSettings(changes));
    });
  }

  it('takes a mark in hexadecimal', () => {
    validateRuleValues(podSettings({ ...TPROXY, inboundTProxyMark: '0x539' }));
  });
});

describe('validateAlways', () => {
  it('refuses an unknown variant of the tools', () => {
    assert.throws(() => validateAlways(podSettings(), 'foo'), /invalid FORCE_IPTABLES_BINARY value "foo"/);
  });

  it('refuses a loopback range that is none', () => {
    assert.throws(() => validateAlways(podSettings({ hostIPv4LoopbackCidr: '10.0.0.0/8' }), ''), /loopback/);
  });
});

describe('checkOwnerGroups', () => {
  const groups = (count: number): string => Array.from({ length: count }, (_, index) => index).join(',');

  it('allows 64 groups and no more', () => {
    checkOwnerGroups(groups(64));
    assert.throws(() => checkOwnerGroups(groups(65)), /cannot exceed 64, got 65: \[0 1 2 /);
  });
});

describe('checkInterfaceNames', () => {
  it('allows blanks around names, and at most 15 characters', () => {
    checkInterfaceNames('eth0, br-lan.10');
    assert.throws(() => checkInterfaceNames('a234567890123456'), /invalid interface name/);
  });
});
