// Rules that bring DNS queries to the agent, and the connection-tracking zones that keep its own queries to the
// same servers apart from the application's. They stand after the owner rules, as in iptables.

import { DNS_PORT } from '../rules/dns-rules.ts';
import { DNS } from '../rules/purposes.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { appendTo, type NftRow, nftViews, proxyOwners, TCP } from './row.ts';

export function dnsRules(config: CaptureConfig): readonly NftRow[] {
  if (config.dns === undefined) return [];
  return [
    appendTo('raw', 'output')('counter jump istio-output-dns', DNS.zones),
    appendTo('nat', 'istio-output')('counter jump istio-output-dns', DNS.queries),
    ...redirects(config),
    ...ownZones(config),
    appendTo('raw', 'prerouting')('counter jump istio-inbound', DNS.answers),
    ...(config.dns.all ? zonePair('', '') : serverZones(config)),
  ];
}

function redirects(config: CaptureConfig): readonly NftRow[] {
  const rows = (protocol: string, match: string): NftRow =>
    appendTo('nat', 'istio-output-dns')(
      `${match}${protocol} dport 53 counter redirect to :${DNS_PORT}`,
      DNS.redirect(protocol),
    );
  if (config.dns?.all === true) return [rows('tcp', `${TCP} `), rows('udp', '')];
  return ['tcp', 'udp'].flatMap((protocol) =>
    servers(config).map(({ ip, server }) => rows(protocol, `${ip} daddr ${server} `)),
  );
}

function servers(config: CaptureConfig): readonly { readonly ip: string; readonly server: string }[] {
  return nftViews(config).flatMap(({ ip, dnsServers }) => dnsServers.map((server) => ({ ip, server })));
}

/** Zone 1 holds the agent's queries to real servers, zone 2 its answers to the application. */
function ownZones(config: CaptureConfig): readonly NftRow[] {
  const output = appendTo('raw', 'istio-output-dns');
  return proxyOwners(config).flatMap((owner) => [
    output(`udp dport 53 meta ${owner} counter ct zone set 1`, DNS.ownQueries),
    output(`udp sport ${DNS_PORT} meta ${owner} counter ct zone set 2`, DNS.ownAnswers),
  ]);
}

function serverZones(config: CaptureConfig): readonly NftRow[] {
  return servers(config).flatMap(({ ip, server }) =>
    zonePair(` ${ip} daddr ${server}`, ` ${ip} saddr ${server}`),
  );
}

/** Zone 2 holds the application's queries, zone 1 what real servers answer. */
function zonePair(to: string, from: string): readonly NftRow[] {
  return [
    appendTo('raw', 'istio-output-dns')(`udp dport 53${to} counter ct zone set 2`, DNS.applicationQueries),
    appendTo('raw', 'istio-inbound')(`udp sport 53${from} counter ct zone set 1`, DNS.serverAnswers),
  ];
}
