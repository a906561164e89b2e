// Rules that keep TPROXY working: the mark travels between packet and connection, so that answers of the proxy
// and of the application find the local route, and the proxy's own calls over lo do not loop.

import { type FamilyView, proxyOwners } from './family-view.ts';
import { OUTBOUND, TPROXY } from './purposes.ts';
import { append, insert, type Rule } from './rule.ts';

/** Marks the proxy's calls to an own address. */
export const OUTBOUND_MARK = 1338;

/** Present in TPROXY mode even when no inbound port is captured. */
export function tproxyMarkRules(view: FamilyView): readonly Rule[] {
  if (view.config.tproxy === undefined) return [];
  return [...markTravel(view, view.config.tproxy.mark), ...loopGuards(view, view.config.tproxy.mark)];
}

function markTravel({ config, loopback }: FamilyView, mark: string): readonly Rule[] {
  const output = (spec: string, why: string): Rule => append('mangle', 'OUTPUT', spec, why);
  const save = `-p tcp -m mark --mark ${mark} -j CONNMARK --save-mark`;
  return [
    append('mangle', 'PREROUTING', save, TPROXY.remember),
    output(`-p tcp -o lo -m mark --mark ${mark} -j RETURN`, TPROXY.marked),
    ...proxyOwners(config).map((owner) =>
      output(
        `! -d ${loopback} -p tcp -o lo -m owner ${owner} -j MARK --set-mark ${OUTBOUND_MARK}`,
        TPROXY.ownAddress,
      ),
    ),
    output(`-p tcp -m connmark --mark ${mark} -j CONNMARK --restore-mark`, TPROXY.restore),
  ];
}

function loopGuards({ passthrough }: FamilyView, mark: string): readonly Rule[] {
  const first = (position: number, spec: string, why: string): Rule =>
    insert('mangle', 'ISTIO_INBOUND', position, spec, why);
  return [
    first(1, `-p tcp -m mark --mark ${mark} -j RETURN`, TPROXY.onItsWay),
    first(2, `-p tcp -s ${passthrough} -i lo -j RETURN`, OUTBOUND.passthrough),
    first(3, `-p tcp -i lo -m mark ! --mark ${OUTBOUND_MARK} -j RETURN`, TPROXY.localCall),
  ];
}
