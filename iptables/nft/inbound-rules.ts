// Rules for traffic that arrives: the chains that redirect to the proxy, and which ports go there.

import { INBOUND, TPROXY } from '../rules/purposes.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { appendTo, nftPort, type NftRow, nftViews, type RowMaker, TCP } from './row.ts';

/** Chains every other rule jumps to; present even when nothing does. */
export function redirectTargets({ tunnelPort, outboundPort, inboundPort }: CaptureConfig): readonly NftRow[] {
  return [
    appendTo('nat', 'istio-inbound')(`${TCP} tcp dport ${tunnelPort} counter return`, INBOUND.tunnel),
    appendTo('nat', 'istio-redirect')(
      `${TCP} counter redirect to :${outboundPort}`,
      INBOUND.toOutboundListener,
    ),
    appendTo('nat', 'istio-in-redirect')(
      `${TCP} counter redirect to :${inboundPort}`,
      INBOUND.toInboundListener,
    ),
  ];
}

export function inboundRules(config: CaptureConfig): readonly NftRow[] {
  const { inboundPorts, tproxy } = config;
  if (inboundPorts === undefined) return [];
  const table = tproxy === undefined ? 'nat' : 'mangle';
  const inbound = appendTo(table, 'istio-inbound');
  return [
    ...tproxyTargets(config),
    appendTo(table, 'prerouting')(`${TCP} counter jump istio-inbound`, INBOUND.arriving),
    ...(inboundPorts === '*'
      ? [...exclusions(config, inbound), ...toProxy(config, inbound, '', INBOUND.everyOtherPort)]
      : inboundPorts.flatMap((port) =>
          toProxy(config, inbound, ` tcp dport ${nftPort(port)}`, INBOUND.capturedPort(port)),
        )),
  ];
}

function tproxyTargets(config: CaptureConfig): readonly NftRow[] {
  if (config.tproxy === undefined) return [];
  const set = `meta mark set ${config.tproxy.mark}`;
  return [
    appendTo('mangle', 'istio-divert')(`counter ${set}`, TPROXY.divert),
    appendTo('mangle', 'istio-divert')('counter accept', TPROXY.deliver),
    ...nftViews(config).map(({ ip, loopback }) =>
      appendTo('mangle', 'istio-tproxy')(
        `${TCP} ${ip} daddr != ${loopback} tproxy ${ip} to :${config.inboundPort} ${set} counter accept`,
        TPROXY.redirect,
      ),
    ),
  ];
}

function exclusions({ inboundExcludedPorts }: CaptureConfig, inbound: RowMaker): readonly NftRow[] {
  return inboundExcludedPorts.map((port) =>
    inbound(`${TCP} tcp dport ${nftPort(port)} counter return`, INBOUND.excludedPort(port)),
  );
}

/** @param ports a match on the port, with a blank before it; empty for every port */
function toProxy(
  { tproxy }: CaptureConfig,
  inbound: RowMaker,
  ports: string,
  why: string,
): readonly NftRow[] {
  if (tproxy === undefined) return [inbound(`${TCP}${ports} counter jump istio-in-redirect`, why)];
  return [
    inbound(`${TCP} ct state related,established${ports} counter jump istio-divert`, INBOUND.known(why)),
    inbound(`${TCP}${ports} counter jump istio-tproxy`, INBOUND.fresh(why)),
  ];
}
