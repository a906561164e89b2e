// The flags of istio-iptables that ask for a report in place of a run, and what they ask for together.

import type { PlanForm, ReportForm, ReportRequest } from '../../iptables/settings/capture-request.ts';
import { flag, type FlagKind, type FlagValues, STRING } from '../config/flag-rows.ts';
import { ConfigError } from '../runtime/errors.ts';

/** One of the words; given alone it means `text`. */
function reportKind<T extends string>(forms: readonly T[]): FlagKind<T | 'no' | 'text'> {
  return {
    type: forms.join(' or '),
    zero: 'no',
    alone: 'text',
    parse: (text) => {
      const form = ['no' as const, ...forms].find((known) => known === text);
      if (form === undefined) throw new ConfigError(forms.join(' or '));
      return form;
    },
    format: String,
  };
}

const FORMS: readonly ReportForm[] = ['text', 'json'];
const PLAN_FORMS: readonly PlanForm[] = ['text', 'json', 'restore', 'commands', 'nft'];

/** `no` is no packet; given alone, the packet is told by the flags of a flow. */
const PACKET: FlagKind<string> = { ...STRING, type: 'packet', zero: 'no', alone: '' };

export const reportFlags = {
  preflight: flag(
    'preflight',
    reportKind(FORMS),
    'no',
    'Report whether this place has what a run needs; set nothing.',
  ),
  explain: flag(
    'explain',
    PACKET,
    'no',
    'Say what the rules of these flags do with the packet of --from and --to; =live: what those in the kernel do.',
  ),
  diff: flag(
    'diff',
    reportKind(FORMS),
    'no',
    'Compare the rules in the kernel with these flags; exit code 1: they differ.',
  ),
  plan: flag('plan', reportKind(PLAN_FORMS), 'no', 'Show what a run would change here and now.'),
};

/** Of a flag whose short form is `-o`, which beside a report also says its form: `-o 3306 -o json`. */
export const PORTS_AND_FORM: FlagKind<string> = {
  ...STRING,
  parse: (text, previous = '') => (text === 'json' && previous !== '' ? `${previous},json` : text),
};

/** The packet of --explain in pieces. */
export const flowFlags = {
  from: flag('from', STRING, '', 'With --explain: ADDRESS or ADDRESS:PORT it comes from.'),
  to: flag('to', STRING, '', 'With --explain: ADDRESS:PORT it goes to.'),
  proto: flag('proto', STRING, '', 'With --explain: tcp (default), udp or another protocol.'),
  uid: flag('uid', STRING, '', 'With --explain: user that sends it, by id or name; it is then outbound.'),
  gid: flag('gid', STRING, '', 'With --explain: group that sends it, by id or name; it is then outbound.'),
  in: flag('in', STRING, '', 'With --explain: interface it arrives by; it is then inbound.'),
  out: flag('out', STRING, '', 'With --explain: interface it leaves by; it is then outbound.'),
};

type ReportValues = FlagValues<typeof reportFlags> & FlagValues<typeof flowFlags>;

/**
 * `--explain hook=…` without `=`: the packet is then the first word that is no flag, which otherwise means nothing.
 * Beside flags of a flow it is only read as `live`: a forgotten quote around `*` leaves other words.
 */
export function withPacketWord<T extends ReportValues>(flags: T, [word = '']: readonly string[]): T {
  const isPacket = isLive(word) || givenFlow(flags).length === 0;
  return flags.explain === '' && isPacket ? { ...flags, explain: word } : flags;
}

function isLive(packet: string): boolean {
  return packet === 'live' || packet.startsWith('live:');
}

/** True for everything that has standard output for itself. */
export function asksForReport(flags: FlagValues<typeof reportFlags>): boolean {
  return reportKeys.some((key) => flags[key] !== 'no');
}

const reportKeys = Object.keys(reportFlags) as readonly (keyof typeof reportFlags)[];
const flowKeys = Object.keys(flowFlags) as readonly (keyof typeof flowFlags)[];

interface ReportOrder {
  /** Absent for a run, and for a pre-flight, which is asked for by its own flag. */
  readonly report?: ReportRequest;
  readonly preflight: 'no' | ReportForm;
  /** The excluded ports, without the form that may stand among them. */
  readonly ports: string;
}

/** @throws ConfigError for two reports at once, and for a flow without --explain */
export function reportOrder(flags: ReportValues & { readonly outboundPortsExclude: string }): ReportOrder {
  const { outboundPortsExclude: ports, preflight } = flags;
  const json = asksForReport(flags) && /(?:^|,)json$/.test(ports);
  const report = reportRequest(flags, json);
  return {
    ...(report !== undefined && { report }),
    preflight: json && preflight !== 'no' ? 'json' : preflight,
    ports: json ? ports.replace(/,?json$/, '') : ports,
  };
}

function reportRequest(flags: ReportValues, json: boolean): ReportRequest | undefined {
  const { explain, diff, plan } = flags;
  const asked = reportKeys.filter((key) => flags[key] !== 'no');
  if (asked.length > 1) throw new ConfigError(`only one of --${asked.join(' and --')} at a time`);
  const [stray] = givenFlow(flags);
  if (explain === 'no' && stray !== undefined) throw new ConfigError(`--${stray} is only for --explain`);
  if (explain !== 'no') {
    return { kind: 'explain', ...explained(explain, flowWords(flags)), form: json ? 'json' : 'text' };
  }
  if (diff !== 'no') return { kind: 'diff', form: json ? 'json' : diff };
  if (plan !== 'no') return { kind: 'plan', form: json ? 'json' : plan };
  return undefined;
}

function explained(text: string, flow: string): { readonly packet: string; readonly live: boolean } {
  const live = isLive(text);
  const packet = live ? text.slice('live:'.length) : text;
  return { packet: [packet, flow].filter((part) => part !== '').join(','), live };
}

/** Names of the flow's flags that were given. */
function givenFlow(flags: ReportValues): readonly string[] {
  return flowKeys.filter((key) => flags[key] !== '');
}

/** The flow's flags as `key=value` pairs. */
function flowWords({ from, to, ...others }: ReportValues): string {
  const pairs = [
    ...endpointPairs(from, 'src', 'sport'),
    ...endpointPairs(to, 'dst', 'dport'),
    ...(['proto', 'uid', 'gid', 'in', 'out'] as const).map((key) => [key, others[key]] as const),
  ];
  return pairs
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** `10.0.0.1`, `10.0.0.1:80`, `fd00::1` and `[fd00::1]:80`. */
function endpointPairs(text: string, host: string, port: string): readonly (readonly [string, string])[] {
  const [, bracketed, after = ''] = /^\[([^\]]*)\](?::(.*))?$/.exec(text) ?? [];
  if (bracketed !== undefined)
    return [
      [host, bracketed],
      [port, after],
    ];
  const [, address = text, number = ''] = /^([^:]*):([^:]*)$/.exec(text) ?? [];
  return [
    [host, address],
    [port, number],
  ];
}
