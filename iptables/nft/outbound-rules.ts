// Rules for traffic that leaves: user exclusions, the proxy's own traffic, owner groups, and at the end which
// ports and addresses go to the proxy. DNS stands between the owners and the selection (dns-rules.ts).

import { OUTBOUND } from '../rules/purposes.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { appendTo, insertInto, nftPort, type NftRow, type NftView, nftViews, TCP } from './row.ts';

const output = appendTo('nat', 'istio-output');

export function outboundExclusions(config: CaptureConfig): readonly NftRow[] {
  return [
    appendTo('nat', 'output')('counter jump istio-output', OUTBOUND.leaving),
    ...config.outboundExcludedPorts.flatMap((port) =>
      ['tcp', 'udp'].map((protocol) =>
        output(`${protocol} dport ${nftPort(port)} counter return`, OUTBOUND.excludedPort(port, protocol)),
      ),
    ),
    ...nftViews(config).map(({ ip, passthrough }) =>
      output(`oifname lo ${ip} saddr ${passthrough} counter return`, OUTBOUND.passthrough),
    ),
  ];
}

export function outboundOwnerRules(config: CaptureConfig): readonly NftRow[] {
  const { proxyUids, proxyGids, tunnelPort, dns } = config;
  const sparingDns = dns === undefined ? tunnelPort : `{ 53, ${tunnelPort} }`;
  return [
    ...proxyUids.flatMap((uid) => proxyOwnerRules(config, 'skuid', uid, sparingDns)),
    // By group, DNS over TCP to an own address is not told apart: so it is upstream.
    ...proxyGids.flatMap((gid) => proxyOwnerRules(config, 'skgid', gid, tunnelPort)),
    ...ownerGroupRules(config),
  ];
}

/** @param sparedPorts calls of the proxy to these ports of an own address do not go back through the proxy */
function proxyOwnerRules(
  config: CaptureConfig,
  kind: 'skuid' | 'skgid',
  id: string,
  sparedPorts: string,
): readonly NftRow[] {
  return [
    ...nftViews(config).map(({ ip, loopback }) =>
      output(
        `oifname lo ${TCP} ${ip} daddr != ${loopback} tcp dport != ${sparedPorts} ${kind} ${id} ` +
          'counter jump istio-in-redirect',
        OUTBOUND.ownService,
      ),
    ),
    ...ownAddressRule(config, `${kind} != ${id}`),
    output(`${kind} ${id} counter return`, OUTBOUND.proxy),
  ];
}

/** Left out when the user asked for loopback addresses to be captured. */
function ownAddressRule(config: CaptureConfig, others: string): readonly NftRow[] {
  if (config.outboundRanges.hasLoopback || config.outboundExcludedRanges.hasLoopback) return [];
  const notDns = config.dns === undefined ? '' : `${TCP} tcp dport != 53 `;
  return [output(`oifname lo ${notDns}${others} counter return`, OUTBOUND.ownAddress)];
}

function ownerGroupRules({ ownerGroups, excludedOwnerGroups }: CaptureConfig): readonly NftRow[] {
  if (ownerGroups === '*') {
    return excludedOwnerGroups.map((group) =>
      output(`skgid ${group} counter return`, OUTBOUND.excludedGroup(group)),
    );
  }
  const others = ownerGroups.map((group) => `skgid != ${group} `).join('');
  return [output(`${others}counter return`, OUTBOUND.otherGroups)];
}

export function outboundSelection(config: CaptureConfig): readonly NftRow[] {
  const views = nftViews(config);
  return [
    ...views.map(({ ip, loopback }) => output(`${ip} daddr ${loopback} counter return`, OUTBOUND.localhost)),
    ...views.flatMap(({ ip, excludedRanges }) =>
      excludedRanges.map((range) =>
        output(`${ip} daddr ${range} counter return`, OUTBOUND.excludedRange(range)),
      ),
    ),
    ...config.outboundPorts.map((port) =>
      output(`tcp dport ${nftPort(port)} counter jump istio-redirect`, OUTBOUND.capturedPort(port)),
    ),
    ...(config.outboundRanges.all ? everyAddress(config) : views.flatMap(listedRanges)),
  ];
}

/** One rule holds for both families. */
function everyAddress(config: CaptureConfig): readonly NftRow[] {
  return [
    output('counter jump istio-redirect', OUTBOUND.everyOtherAddress),
    ...fromVirtualInterfaces(config, '', OUTBOUND.everyAddress),
  ];
}

function listedRanges({ ip, config, includedRanges }: NftView): readonly NftRow[] {
  return includedRanges.flatMap((range) => [
    ...fromVirtualInterfaces(config, `${ip} daddr ${range} `, OUTBOUND.capturedRange(range)),
    output(`${ip} daddr ${range} counter jump istio-redirect`, OUTBOUND.capturedRange(range)),
  ]);
}

function fromVirtualInterfaces(config: CaptureConfig, match: string, why: string): readonly NftRow[] {
  return config.virtualInterfaces.map((name) =>
    insertInto(
      'nat',
      'prerouting',
      0,
    )(`iifname ${name} ${match}counter jump istio-redirect`, OUTBOUND.virtual(why, name)),
  );
}
