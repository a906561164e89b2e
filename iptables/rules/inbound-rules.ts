// Rules for traffic that arrives: the chains that redirect to the proxy, and which ports go there.

import type { CaptureConfig } from '../settings/capture-config.ts';
import type { FamilyView } from './family-view.ts';
import { INBOUND, TPROXY } from './purposes.ts';
import { append, type Rule } from './rule.ts';

/** Chains every other rule jumps to; present even when nothing does. */
export function redirectTargets({ config }: FamilyView): readonly Rule[] {
  return [
    append('nat', 'ISTIO_INBOUND', `-p tcp --dport ${config.tunnelPort} -j RETURN`, INBOUND.tunnel),
    append(
      'nat',
      'ISTIO_REDIRECT',
      `-p tcp -j REDIRECT --to-ports ${config.outboundPort}`,
      INBOUND.toOutboundListener,
    ),
    append(
      'nat',
      'ISTIO_IN_REDIRECT',
      `-p tcp -j REDIRECT --to-ports ${config.inboundPort}`,
      INBOUND.toInboundListener,
    ),
  ];
}

export function inboundRules(view: FamilyView): readonly Rule[] {
  const { config } = view;
  if (config.inboundPorts === undefined) return [];
  const table = config.tproxy === undefined ? 'nat' : 'mangle';
  return [
    ...tproxyTargets(view),
    append(table, 'PREROUTING', '-p tcp -j ISTIO_INBOUND', INBOUND.arriving),
    ...(config.inboundPorts === '*'
      ? [...inboundExclusions(config, table), ...toProxy(config, '-p tcp', INBOUND.everyOtherPort)]
      : config.inboundPorts.flatMap((port) =>
          toProxy(config, `-p tcp --dport ${port}`, INBOUND.capturedPort(port)),
        )),
  ];
}

function tproxyTargets({ config, loopback }: FamilyView): readonly Rule[] {
  if (config.tproxy === undefined) return [];
  const { mark } = config.tproxy;
  const target = `-j TPROXY --tproxy-mark ${mark}/0xffffffff --on-port ${config.inboundPort}`;
  return [
    append('mangle', 'ISTIO_DIVERT', `-j MARK --set-mark ${mark}`, TPROXY.divert),
    append('mangle', 'ISTIO_DIVERT', '-j ACCEPT', TPROXY.deliver),
    append('mangle', 'ISTIO_TPROXY', `! -d ${loopback} -p tcp ${target}`, TPROXY.redirect),
  ];
}

function inboundExclusions(config: CaptureConfig, table: string): readonly Rule[] {
  return config.inboundExcludedPorts.map((port) =>
    append(table, 'ISTIO_INBOUND', `-p tcp --dport ${port} -j RETURN`, INBOUND.excludedPort(port)),
  );
}

function toProxy(config: CaptureConfig, match: string, why: string): readonly Rule[] {
  if (config.tproxy === undefined)
    return [append('nat', 'ISTIO_INBOUND', `${match} -j ISTIO_IN_REDIRECT`, why)];
  const known = `${match} -m conntrack --ctstate RELATED,ESTABLISHED -j ISTIO_DIVERT`;
  return [
    append('mangle', 'ISTIO_INBOUND', known, INBOUND.known(why)),
    append('mangle', 'ISTIO_INBOUND', `${match} -j ISTIO_TPROXY`, INBOUND.fresh(why)),
  ];
}
