// Rules for traffic that leaves: user exclusions, the proxy's own traffic, owner groups, and at the end which
// ports and addresses go to the proxy. DNS stands between the owners and the selection (dns-rules.ts).

import type { CaptureConfig } from '../settings/capture-config.ts';
import type { FamilyView } from './family-view.ts';
import { OUTBOUND } from './purposes.ts';
import { append, insert, type Rule } from './rule.ts';

const output = (spec: string, why: string): Rule => append('nat', 'ISTIO_OUTPUT', spec, why);

export function outboundExclusions({ config, passthrough }: FamilyView): readonly Rule[] {
  return [
    append('nat', 'OUTPUT', '-j ISTIO_OUTPUT', OUTBOUND.leaving),
    ...config.outboundExcludedPorts.flatMap((port) =>
      ['tcp', 'udp'].map((protocol) =>
        output(`-p ${protocol} --dport ${port} -j RETURN`, OUTBOUND.excludedPort(port, protocol)),
      ),
    ),
    output(`-o lo -s ${passthrough} -j RETURN`, OUTBOUND.passthrough),
  ];
}

export function outboundOwnerRules(view: FamilyView): readonly Rule[] {
  const { config } = view;
  return [
    ...config.proxyUids.flatMap((uid) =>
      proxyOwnerRules(view, `--uid-owner ${uid}`, config.dns !== undefined),
    ),
    // By group, DNS over TCP to an own address is not told apart: so it is upstream.
    ...config.proxyGids.flatMap((gid) => proxyOwnerRules(view, `--gid-owner ${gid}`, false)),
    ...ownerGroupRules(config),
  ];
}

/** @param sparesDns calls of the proxy to port 53 of an own address do not go back through the proxy */
function proxyOwnerRules(view: FamilyView, owner: string, sparesDns: boolean): readonly Rule[] {
  const { config, loopback } = view;
  const ports = sparesDns
    ? `-m multiport ! --dports 53,${config.tunnelPort}`
    : `! --dport ${config.tunnelPort}`;
  return [
    output(
      `-o lo ! -d ${loopback} -p tcp ${ports} -m owner ${owner} -j ISTIO_IN_REDIRECT`,
      OUTBOUND.ownService,
    ),
    ...ownAddressRule(config, owner),
    output(`-m owner ${owner} -j RETURN`, OUTBOUND.proxy),
  ];
}

/** Left out when the user asked for loopback addresses to be captured. */
function ownAddressRule(config: CaptureConfig, owner: string): readonly Rule[] {
  if (config.outboundRanges.hasLoopback || config.outboundExcludedRanges.hasLoopback) return [];
  const notDns = config.dns === undefined ? '' : '-p tcp ! --dport 53 ';
  return [output(`-o lo ${notDns}-m owner ! ${owner} -j RETURN`, OUTBOUND.ownAddress)];
}

function ownerGroupRules(config: CaptureConfig): readonly Rule[] {
  if (config.ownerGroups === '*') {
    return config.excludedOwnerGroups.map((group) =>
      output(`-m owner --gid-owner ${group} -j RETURN`, OUTBOUND.excludedGroup(group)),
    );
  }
  const others = config.ownerGroups.map((group) => `-m owner ! --gid-owner ${group} `).join('');
  return [output(`${others}-j RETURN`, OUTBOUND.otherGroups)];
}

export function outboundSelection(view: FamilyView): readonly Rule[] {
  const { config, loopback, excludedRanges } = view;
  return [
    output(`-d ${loopback} -j RETURN`, OUTBOUND.localhost),
    ...excludedRanges.map((range) => output(`-d ${range} -j RETURN`, OUTBOUND.excludedRange(range))),
    ...config.outboundPorts.map((port) =>
      output(`-p tcp --dport ${port} -j ISTIO_REDIRECT`, OUTBOUND.capturedPort(port)),
    ),
    ...includedRanges(view),
  ];
}

function includedRanges({ config, includedRanges }: FamilyView): readonly Rule[] {
  const virtual = (match: string, why: string): readonly Rule[] =>
    config.virtualInterfaces.map((name) =>
      insert('nat', 'PREROUTING', 1, `-i ${name} ${match}-j ISTIO_REDIRECT`, OUTBOUND.virtual(why, name)),
    );
  if (config.outboundRanges.all) {
    return [output('-j ISTIO_REDIRECT', OUTBOUND.everyOtherAddress), ...virtual('', OUTBOUND.everyAddress)];
  }
  return includedRanges.flatMap((range) => [
    ...virtual(`-d ${range} `, OUTBOUND.capturedRange(range)),
    output(`-d ${range} -j ISTIO_REDIRECT`, OUTBOUND.capturedRange(range)),
  ]);
}
