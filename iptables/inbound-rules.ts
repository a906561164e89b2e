// Rules for traffic that arrives: the chains that redirect to the proxy, and which ports go there.

import type { CaptureConfig } from './config.ts';
import type { RuleRow } from './rule-list.ts';
import { append } from './rule-list.ts';
import type { FamilyView } from './rule-view.ts';

/** Chains every other rule jumps to; present even when nothing does. */
export function redirectTargets({ config }: FamilyView): readonly RuleRow[] {
  return [
    append(
      'nat',
      'ISTIO_INBOUND',
      `-p tcp --dport ${config.tunnelPort} -j RETURN`,
      "tunnel traffic reaches the proxy's own listener",
    ),
    append(
      'nat',
      'ISTIO_REDIRECT',
      `-p tcp -j REDIRECT --to-ports ${config.outboundPort}`,
      "to the proxy's outbound listener",
    ),
    append(
      'nat',
      'ISTIO_IN_REDIRECT',
      `-p tcp -j REDIRECT --to-ports ${config.inboundPort}`,
      "to the proxy's inbound listener",
    ),
  ];
}

export function inboundRules(view: FamilyView): readonly RuleRow[] {
  const { config } = view;
  if (config.inboundPorts === undefined) return [];
  const table = config.tproxy === undefined ? 'nat' : 'mangle';
  return [
    ...tproxyTargets(view),
    append(table, 'PREROUTING', '-p tcp -j ISTIO_INBOUND', 'arriving TCP'),
    ...(config.inboundPorts === '*'
      ? [...inboundExclusions(config, table), ...toProxy(config, '-p tcp', 'every other port')]
      : config.inboundPorts.flatMap((port) =>
          toProxy(config, `-p tcp --dport ${port}`, `captured port ${port}`),
        )),
  ];
}

function tproxyTargets({ config, loopback }: FamilyView): readonly RuleRow[] {
  if (config.tproxy === undefined) return [];
  const { mark } = config.tproxy;
  const target = `-j TPROXY --tproxy-mark ${mark}/0xffffffff --on-port ${config.inboundPort}`;
  return [
    append('mangle', 'ISTIO_DIVERT', `-j MARK --set-mark ${mark}`, 'packets of a known connection'),
    append('mangle', 'ISTIO_DIVERT', '-j ACCEPT', 'delivered locally by the mark'),
    append(
      'mangle',
      'ISTIO_TPROXY',
      `! -d ${loopback} -p tcp ${target}`,
      'new connections, source address kept',
    ),
  ];
}

function inboundExclusions(config: CaptureConfig, table: string): readonly RuleRow[] {
  return config.inboundExcludedPorts.map((port) =>
    append(table, 'ISTIO_INBOUND', `-p tcp --dport ${port} -j RETURN`, `excluded inbound port ${port}`),
  );
}

function toProxy(config: CaptureConfig, match: string, why: string): readonly RuleRow[] {
  if (config.tproxy === undefined)
    return [append('nat', 'ISTIO_INBOUND', `${match} -j ISTIO_IN_REDIRECT`, why)];
  const known = `${match} -m conntrack --ctstate RELATED,ESTABLISHED -j ISTIO_DIVERT`;
  return [
    append('mangle', 'ISTIO_INBOUND', known, `${why}, known connections`),
    append('mangle', 'ISTIO_INBOUND', `${match} -j ISTIO_TPROXY`, `${why}, new connections`),
  ];
}
