// What the user of istio-iptables asks for: its flags, and the variables that also set them. An explicit flag wins over
// the variables; a variable counts as soon as it exists, whatever it holds.
// Upstream counterpart: tools/istio-iptables/pkg/cmd/root.go bindCmdlineFlags, pkg/constants.

import type { CaptureRequest } from '../../iptables/settings/capture-request.ts';
import { row, type EnvRow } from '../config/env-row.ts';
import { type FlagKind, type FlagRow, UINT16 } from '../config/flag-rows.ts';
import { anyText, type Parser } from '../config/parsers.ts';
import { AgentError } from '../runtime/errors.ts';
import { captureFlags, type CaptureFlagKey, type CaptureFlagValues } from './istio-iptables-flags.ts';
import { flowFlags, reportFlags, reportOrder } from './istio-iptables-report-flags.ts';

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
 * @param givenFlags names of those on the command line
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
