// Rules that bring DNS queries to the agent, and the connection-tracking zones that keep its own queries to the
// same servers apart from the application's: without zones both can get the same UDP tuple.
// They stand after the owner rules, so the proxy's and excluded groups' queries never reach them.

import type { CaptureConfig } from '../settings/capture-config.ts';
import { type FamilyView, proxyOwners } from './family-view.ts';
import { DNS } from './purposes.ts';
import { append, type Rule } from './rule.ts';

/** Where the agent's DNS server listens. */
export const DNS_PORT = 15_053;

export function dnsRules(view: FamilyView): readonly Rule[] {
  const { config } = view;
  if (config.dns === undefined) return [];
  return [
    append('raw', 'OUTPUT', '-j ISTIO_OUTPUT_DNS', DNS.zones),
    ...redirects(view),
    ...ownZones(config),
    ...otherZones(view),
  ];
}

/** Match on the destination per captured server; one empty match when every server is captured. */
function destinations({ config, dnsServers }: FamilyView): readonly string[] {
  return config.dns?.all === true ? [''] : dnsServers.map((server) => `-d ${server} `);
}

function redirects(view: FamilyView): readonly Rule[] {
  const matches = destinations(view);
  if (matches.length === 0) return [];
  // The option's two spellings mean the same; goldens have both.
  const kinds = [
    { protocol: 'tcp', option: '--to-ports' },
    { protocol: 'udp', option: '--to-port' },
  ];
  return [
    append('nat', 'ISTIO_OUTPUT', '-j ISTIO_OUTPUT_DNS', DNS.queries),
    ...kinds.flatMap(({ protocol, option }) =>
      matches.map((to) =>
        append(
          'nat',
          'ISTIO_OUTPUT_DNS',
          `-p ${protocol} --dport 53 ${to}-j REDIRECT ${option} ${DNS_PORT}`,
          DNS.redirect(protocol),
        ),
      ),
    ),
  ];
}

/** Zone 1 holds the agent's queries to real servers, zone 2 its answers to the application. */
function ownZones(config: CaptureConfig): readonly Rule[] {
  return proxyOwners(config).flatMap((owner) => [
    zone('ISTIO_OUTPUT_DNS', `--dport 53 -m owner ${owner}`, 1, DNS.ownQueries),
    zone('ISTIO_OUTPUT_DNS', `--sport ${DNS_PORT} -m owner ${owner}`, 2, DNS.ownAnswers),
  ]);
}

/** Zone 2 holds the application's queries, zone 1 what real servers answer. */
function otherZones(view: FamilyView): readonly Rule[] {
  const matches = destinations(view);
  if (matches.length === 0) return [];
  return [
    append('raw', 'PREROUTING', '-j ISTIO_INBOUND', DNS.answers),
    ...matches.flatMap((to) => [
      zone('ISTIO_OUTPUT_DNS', `--dport 53 ${to}`.trimEnd(), 2, DNS.applicationQueries),
      zone('ISTIO_INBOUND', `--sport 53 ${to.replace('-d', '-s')}`.trimEnd(), 1, DNS.serverAnswers),
    ]),
  ];
}

function zone(chain: string, match: string, number: number, why: string): Rule {
  return append('raw', chain, `-p udp ${match} -j CT --zone ${number}`, why);
}
