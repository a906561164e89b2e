// Variables about health, metrics and DNS.

import { added, noted, type Subject, works } from '../claim.ts';

const PROBES = "agent/status.test.ts: probes the application as the pod's variables say";

export const healthVariables: Subject = {
  title: 'Variables of health and metrics',
  introduction: '',
  column: 'Variable',
  names: 'code',
  claims: {
    ISTIO_PROMETHEUS_ANNOTATIONS: works(
      'agent/status.test.ts: takes ports, targets and visibility from the configuration',
      'config/agent-config.test.ts: has metrics of the application for a sidecar only',
    ),
    ISTIO_KUBE_APP_PROBERS: works('config/app-probers.test.ts: reads every kind of probe', PROBES),
    ISTIO_ENABLE_HTTP2_PROBING: works(
      PROBES,
      'status/probes/https-connections.test.ts: passes on over HTTP/2 all that is allowed there',
    ),
    REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION: works(
      'agent/status.test.ts: probes localhost when it is told to',
    ),
    ENABLE_PROBE_KEEPALIVE_CONNECTIONS: works(
      PROBES,
      'status/probes/kept-sessions.test.ts: keeps one for each port',
    ),
    PILOT_AGENT_MERGE_ENVOY_STATS: works(
      "agent/status.test.ts: leaves Envoy's metrics out when the configuration does",
    ),
    ENABLE_DEBUG_PAGES: noted(
      'true: the pages are there.',
      added('agent/status.test.ts: shows debug pages and profiles unless they are switched off'),
    ),
    METRICS_MERGE: noted(
      '`parity`: as 1.31.',
      added(
        'status/metrics/strict/served.test.ts: leaves out what Envoy has already, and counts it for the application',
        'agent/status.test.ts: leaves out what contradicts itself where METRICS_MERGE is strict',
      ),
    ),
  },
};

export const dnsVariables: Subject = {
  title: 'Variables of DNS',
  introduction: '',
  column: 'Variable',
  names: 'code',
  claims: {
    ISTIO_META_DNS_CAPTURE: works(
      'config/agent-config.test.ts: runs the DNS server for a capturing sidecar, or where it is asked for',
      'cli/istio-iptables-effects.test.ts: bring queries for the servers of resolv.conf to the agent with --redirect-dns',
    ),
    ISTIO_META_ENABLE_DNS_SERVER: works('agent/dns.test.ts: is one for a gateway that asks for the server'),
    DNS_PROXY_ADDR: works(
      'dns/plan.test.ts: listens where it is told to',
      'config/agent-config.test.ts: run Envoy as 1337 only when root serves DNS on port 53',
    ),
    DNS_FORWARD_PARALLEL: works(
      'dns/forward/flight.test.ts: takes the first answer when it asks all at once, and leaves the others alone',
      'agent/dns.test.ts: asks both at once with DNS_FORWARD_PARALLEL',
    ),
    DNS_FORWARD_TIMEOUT: works('agent/dns.test.ts: asks the other one after DNS_FORWARD_TIMEOUT'),
    DNS_RESPOND_BEFORE_SYNC: added(
      'agent/dns.test.ts: … before there is a table, and forwards unknown names then',
    ),
    DNS_WILDCARD_CNAME: added(
      'e2e/dns-resolvers.test.ts: finds what is below a wildcard without an alias, where that is wanted',
      'agent/dns.test.ts: answers a wildcard asked with the search domain with …: …',
    ),
    DNS_FORWARD_RETRIES: added(
      'agent/dns.test.ts: has the server ask those that the resolver file names now, as often as variable or file say',
    ),
    DNS_FORWARD_HEDGE_DELAY: noted(
      '20 ms unless it is set: a second resolver is asked when the first one is slow.',
      added('agent/dns.test.ts: asks the other one after DNS_FORWARD_HEDGE_DELAY, should that be sooner'),
    ),
    DNS_FORWARD_CACHE_SIZE: added(
      'agent/dns.test.ts: keeps as many forwarded answers as the variable says, and does not wait for a silent resolver alone',
    ),
  },
};
