// Rules that keep TPROXY working: the mark travels between packet and connection, and the proxy's own calls over lo
// do not loop.

import { OUTBOUND, TPROXY } from '../rules/purposes.ts';
import { OUTBOUND_MARK } from '../rules/tproxy-rules.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { appendTo, insertInto, type NftRow, nftViews, proxyOwners, TCP } from './row.ts';

/** Present in TPROXY mode even when no inbound port is captured. */
export function tproxyMarkRules(config: CaptureConfig): readonly NftRow[] {
  if (config.tproxy === undefined) return [];
  return [...markTravel(config, config.tproxy.mark), ...loopGuards(config, config.tproxy.mark)];
}

function markTravel(config: CaptureConfig, mark: string): readonly NftRow[] {
  const output = appendTo('mangle', 'output');
  return [
    appendTo('mangle', 'prerouting')(`${TCP} mark ${mark} counter ct mark set mark`, TPROXY.remember),
    output(`oifname lo ${TCP} mark ${mark} counter return`, TPROXY.marked),
    ...proxyOwners(config).flatMap((owner) =>
      nftViews(config).map(({ ip, loopback }) =>
        output(
          `oifname lo ${TCP} ${ip} daddr != ${loopback} ${owner} counter meta mark set ${OUTBOUND_MARK}`,
          TPROXY.ownAddress,
        ),
      ),
    ),
    output(`${TCP} ct mark ${mark} counter meta mark set ct mark`, TPROXY.restore),
  ];
}

function loopGuards(config: CaptureConfig, mark: string): readonly NftRow[] {
  const inbound = (index: number): ReturnType<typeof insertInto> =>
    insertInto('mangle', 'istio-inbound', index);
  return [
    inbound(0)(`${TCP} mark ${mark} counter return`, TPROXY.onItsWay),
    ...nftViews(config).map(({ ip, passthrough }) =>
      inbound(1)(`iifname lo ${TCP} ${ip} saddr ${passthrough} counter return`, OUTBOUND.passthrough),
    ),
    inbound(2)(`iifname lo ${TCP} mark != ${OUTBOUND_MARK} counter return`, TPROXY.localCall),
  ];
}
