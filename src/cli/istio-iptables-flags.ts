// The flags of istio-iptables, the variables that also set them, and how both become a capture request. An explicit
// flag wins over the variables; a variable counts as soon as it exists, whatever it holds.
// Upstream counterpart: tools/istio-iptables/pkg/cmd/root.go bindCmdlineFlags, pkg/constants.

import type { CaptureRequest } from '../../iptables/settings/capture-request.ts';
import { row, type EnvRow } from '../config/env-row.ts';
import {
  BOOL,
  DURATION_MS,
  flag,
  type FlagKind,
  type FlagRow,
  type FlagValues,
  STRING,
  UINT16,
} from '../config/flag-rows.ts';
import { anyText, type Parser } from '../config/parsers.ts';
import { AgentError } from '../runtime/errors.ts';
import { flowFlags, PORTS_AND_FORM, reportFlags, reportOrder } from './istio-iptables-report-flags.ts';

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
  networkNamespace: flag('network-namespace', STRING, '', 'Network namespace path, used as lock file.'),
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

type CaptureFlagKey = keyof typeof captureFlags;
export type CaptureFlagValues = FlagValues<typeof captureFlags>;
type Env = Readonly<Record<string, string | undefined>>;

/** Variables beside the one derived from the flag's name; they win over it. */
const EXTRA_NAMES: Partial<Record<CaptureFlagKey, string>> = {
  redirectDNS: 'ISTIO_META_DNS_CAPTURE',
  dropInvalid: 'INVALID_DROP',
  dualStack: 'ISTIO_DUAL_STACK',
};

/** Flags that no variable sets. */
const FLAG_ONLY: ReadonlySet<string> = new Set([
  'envoy-port',
  'restore-format',
  ...Object.values<FlagRow<unknown>>({ ...reportFlags, ...flowFlags }).map(({ name }) => name),
]);

const REDIRECT_DNS = captureFlags.redirectDNS.name;

/** What only a variable sets. */
const variablesWithoutFlag = {
  ownerGroupsInclude: row('ISTIO_OUTBOUND_OWNER_GROUPS', anyText, '*', 'Captured groups; * for all.'),
  ownerGroupsExclude: row('ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE', anyText, '', 'Groups not captured.'),
  hostIPv4LoopbackCidr: row(
    'ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR',
    anyText,
    '127.0.0.1/32',
    'What counts as loopback.',
  ),
  envoyUser: row('ENVOY_USER', anyText, 'istio-proxy', 'User whose id --proxy-uid is by default.'),
  dnsAgent: row(
    'DNS_AGENT',
    anyText,
    '',
    'Any text: --redirect-dns, unless a flag or its variables say more.',
  ),
  dryRunFile: row('DRY_RUN_FILE_PATH', anyText, '', 'With --dry-run: file the rules are written to.'),
};

/** A variable that sets a flag. A value that cannot be read counts as `zero`, not as the default. */
export interface CaptureVariable extends EnvRow<unknown> {
  readonly zero: unknown;
}

/** Every variable of istio-iptables, for lists. */
export function captureVariables(): readonly (CaptureVariable | EnvRow<unknown>)[] {
  const ofFlags = Object.entries<FlagRow<unknown>>(captureFlags).flatMap(([key, flag]) =>
    variableNames(key, flag).map((name) => captureVariable(name, flag)),
  );
  return [...ofFlags, ...Object.values(variablesWithoutFlag)];
}

/** The later one wins. */
function variableNames(key: string, { name }: FlagRow<unknown>): readonly string[] {
  if (FLAG_ONLY.has(name)) return [];
  const derived = name.toUpperCase().replaceAll('-', '_');
  return [derived, EXTRA_NAMES[key as CaptureFlagKey]].filter((each) => each !== undefined);
}

function captureVariable(
  name: string,
  { name: flag, kind, fallback, help }: FlagRow<unknown>,
): CaptureVariable {
  const parser: Parser<unknown> = {
    expecting: `a ${kind.type}`,
    parse: (text) => {
      try {
        return kind.parse(text, undefined);
      } catch {
        return undefined; // a list only shows that it is so
      }
    },
    format: (value) => kind.format(value),
  };
  return { name, parser, fallback, help: `--${flag}: ${help}`, zero: kind.zero };
}

/**
 * @param given names of the flags that were given
 * @param warn told of every variable whose value means nothing
 */
export function captureRequest(
  flags: CaptureFlagValues,
  givenFlags: ReadonlySet<string>,
  env: Env,
  warn: (message: string) => void,
): CaptureRequest {
  const { report, preflight, ports } = reportOrder(flags);
  const given = new Set(givenFlags);
  if (ports === '') given.delete(captureFlags.outboundPortsExclude.name); // -o said the form, so a variable counts
  const dnsAgent = (env[variablesWithoutFlag.dnsAgent.name] ?? '') !== '' && !given.has(REDIRECT_DNS);
  const older = dnsAgent ? { redirectDNS: true } : {};
  const values = {
    ...flags,
    preflight,
    outboundPortsExclude: ports,
    ...older,
    ...valuesFromEnv(given, env, warn),
  };
  const { cleanupOnly, restoreFormat: _ignored, ...rest } = values;
  const text = ({ name, fallback }: EnvRow<string>): string => env[name] ?? fallback;
  return {
    ...rest,
    ...(report !== undefined && { report }),
    cleanup: cleanupOnly ? 'only' : 'no',
    ownerGroupsInclude: text(variablesWithoutFlag.ownerGroupsInclude),
    ownerGroupsExclude: text(variablesWithoutFlag.ownerGroupsExclude),
    hostIPv4LoopbackCidr: text(variablesWithoutFlag.hostIPv4LoopbackCidr),
    envoyUser: text(variablesWithoutFlag.envoyUser),
    dryRunFile: text(variablesWithoutFlag.dryRunFile),
  };
}

function valuesFromEnv(
  given: ReadonlySet<string>,
  env: Env,
  warn: (message: string) => void,
): Partial<CaptureFlagValues> {
  const values = Object.entries<FlagRow<unknown>>(captureFlags).flatMap(([key, row]) => {
    if (given.has(row.name)) return [];
    const name = variableNames(key, row).findLast((name) => env[name] !== undefined);
    return name === undefined ? [] : [[key, lenientValue(row.kind, name, env[name] ?? '', warn)] as const];
  });
  return Object.fromEntries(values) as Partial<CaptureFlagValues>;
}

/** A text that the kind does not know leaves its zero value, not the flag's default; too large a number is cut. */
function lenientValue(
  kind: FlagKind<unknown>,
  name: string,
  text: string,
  warn: (message: string) => void,
): unknown {
  try {
    return kind.parse(text, undefined);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const value = kind === UINT16 && /^\d+$/.test(text) ? 65_535 : kind.zero;
    warn(`${name}="${text}" is not a ${kind.type}; taken as ${String(value)}`);
    return value;
  }
}
