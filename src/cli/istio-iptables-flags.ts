// The flags of istio-iptables.
// Upstream counterpart: tools/istio-iptables/pkg/cmd/root.go bindCmdlineFlags, pkg/constants.

import {
  BOOL,
  DURATION_MS,
  flag,
  type FlagKind,
  type FlagValues,
  STRING,
  UINT16,
} from '../config/flag-rows.ts';
import { flowFlags, PORTS_AND_FORM, reportFlags } from './istio-iptables-report-flags.ts';

/** A bool that has a third way. */
const BOOL_OR_AUTO: FlagKind<boolean | 'auto'> = {
  ...BOOL,
  type: 'bool or auto',
  parse: (text) => (text === 'auto' ? text : BOOL.parse(text, undefined)),
  format: String,
};

export const captureFlags = {
  proxyPort: flag('envoy-port', STRING, '15001', 'Port to which outbound TCP is redirected.', 'p'),
  inboundCapturePort: flag(
    'inbound-capture-port',
    STRING,
    '15006',
    'Port to which inbound TCP is redirected.',
    'z',
  ),
  inboundTunnelPort: flag('inbound-tunnel-port', STRING, '15008', 'HBONE port, never redirected.', 'e'),
  proxyUID: flag(
    'proxy-uid',
    STRING,
    '',
    'Users whose traffic is not captured; default: that of Envoy.',
    'u',
  ),
  proxyGID: flag('proxy-gid', STRING, '', 'Groups whose traffic is not captured; default: proxy-uid.', 'g'),
  inboundInterceptionMode: flag(
    'istio-inbound-interception-mode',
    STRING,
    '',
    'TPROXY, or anything else for REDIRECT.',
    'm',
  ),
  inboundPortsInclude: flag('istio-inbound-ports', STRING, '', 'Captured inbound ports; * for all.', 'b'),
  inboundPortsExclude: flag(
    'istio-local-exclude-ports',
    STRING,
    '',
    'Inbound ports not captured, when all are.',
    'd',
  ),
  excludeInterfaces: flag('istio-exclude-interfaces', STRING, '', 'Interfaces that are never captured.', 'c'),
  outboundIPRangesInclude: flag(
    'istio-service-cidr',
    STRING,
    '',
    'Captured outbound address ranges; * for all.',
    'i',
  ),
  outboundIPRangesExclude: flag(
    'istio-service-exclude-cidr',
    STRING,
    '',
    'Outbound address ranges not captured.',
    'x',
  ),
  outboundPortsInclude: flag(
    'istio-outbound-ports',
    STRING,
    '',
    'Outbound ports captured at every address.',
    'q',
  ),
  outboundPortsExclude: flag(
    'istio-local-outbound-ports-exclude',
    PORTS_AND_FORM,
    '',
    'Outbound ports never captured.',
    'o',
  ),
  rerouteVirtualInterfaces: flag(
    'kube-virt-interfaces',
    STRING,
    '',
    'Interfaces whose inbound traffic counts as outbound.',
    'k',
  ),
  inboundTProxyMark: flag('istio-inbound-tproxy-mark', STRING, '1337', 'Mark of TPROXY packets.', 't'),
  inboundTProxyRouteTable: flag(
    'istio-inbound-tproxy-route-table',
    STRING,
    '133',
    'Routing table of TPROXY packets.',
    'r',
  ),
  ...reportFlags,
  ...flowFlags,
  comments: flag('comments', BOOL, false, 'Let every rule say in a comment what it is for.'),
  dryRun: flag('dry-run', BOOL, false, 'Show what would be done and change nothing.', 'n'),
  restoreFormat: flag(
    'restore-format',
    BOOL,
    true,
    'Accepted for old command lines; rules are always restored.',
    'f',
    { noEffect: 'rules are always restored as a whole' },
  ),
  probePort: flag('iptables-probe-port', UINT16, 15_002, 'Port that validation connects to.'),
  probeTimeoutMs: flag('probe-timeout', DURATION_MS, 5000, 'Longest wait of validation.'),
  skipRuleApply: flag('skip-rule-apply', BOOL, false, 'Set no rules and no routes.'),
  runValidation: flag('run-validation', BOOL, false, 'Check that traffic is captured.'),
  redirectDNS: flag('redirect-dns', BOOL, false, 'Capture DNS to the agent on port 15053.'),
  dropInvalid: flag('drop-invalid', BOOL, false, 'Drop packets that belong to no known connection.'),
  dualStack: flag('dual-stack', BOOL, false, 'Capture IPv6 when an IPv4 address comes first.'),
  captureAllDNS: flag(
    'capture-all-dns',
    BOOL,
    false,
    'With redirect-dns: every port 53, not only the servers of resolv.conf.',
  ),
  networkNamespace: flag('network-namespace', STRING, '', 'Path of the network namespace to work in.'),
  cniMode: flag('cni-mode', BOOL, false, "Run with the host's file system inside a pod's network."),
  reconcile: flag(
    'reconcile',
    BOOL_OR_AUTO,
    false,
    'Replace own rules that differ from the wanted ones; auto: without holding traffic meanwhile.',
  ),
  cleanupOnly: flag('cleanup-only', BOOL, false, 'Remove the rules of these flags and set none.'),
  forceApply: flag('force-apply', BOOL, false, 'Apply even when the rules are there.'),
  nativeNftables: flag('native-nftables', BOOL, false, 'Use nftables rules.'),
  forceBinary: flag('force-iptables-binary', STRING, '', 'legacy or nft; empty chooses by what is found.'),
};

export type CaptureFlagKey = keyof typeof captureFlags;
export type CaptureFlagValues = FlagValues<typeof captureFlags>;
