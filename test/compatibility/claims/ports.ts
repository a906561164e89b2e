// Ports of a pod, and what answers there.

import { added, differs, type Subject, works, worksAnd } from '../claim.ts';

export const ports: Subject = {
  title: 'Ports',
  introduction: '',
  column: 'Port',
  names: 'text',
  claims: {
    '15000: Envoy’s admin': works(
      'agent/bootstrap-settings.test.ts: has the ports, sinks and limits of ProxyConfig',
    ),
    '15001, 15006: captured traffic': works(
      'e2e/pod-layouts.test.ts: shows its identity to those who connect to the application',
    ),
    '15002: validation of istio-iptables': works(
      'e2e/iptables-validation.test.ts: follows the rules it has just set',
    ),
    '15004: questions to the control plane': differs(
      'Closed, as in 1.31; `PROXY_XDS_DEBUG_VIA_AGENT` opens it on loopback.',
      'agent/socket-servers.test.ts: opens nothing unless it is wanted',
    ),
    '15008: HBONE': works('cli/istio-iptables-effects.test.ts: leave the port of -e alone'),
    '15010: control plane in clear': works(
      'security/upstream/control-plane.test.ts: 16: need no root for a CA at port 15010 and for discovery without TLS',
    ),
    '15012: control plane with TLS': works(
      "agent/identity.test.ts: asks the CA for the workload's certificate with the mounted token, verified by the mounted root",
    ),
    '15020: status': differs(
      'As in 1.31. When it is taken the agent ends with 255; 1.31 goes on and never gets ready.',
      'status/server.test.ts: listens for IPv4 and, where the host has it, for IPv6',
      'cli/proxy.test.ts: ends with 255 when the status port is taken, and says what to do',
    ),
    '15021: readiness through Envoy': works(
      'bootstrap/bootstrap.test.ts: serve statistics and readiness on the wildcard address',
      'e2e/pod-layouts.test.ts: is ready to the kubelet',
    ),
    '15053: DNS': works('dns/server.test.ts: listens for UDP, then TCP, at each address, and says so'),
    '15090: Envoy’s metrics': works(
      'e2e/metrics-merge.test.ts: are on one page, in this order, and the page parses',
    ),
  },
};

export const endpoints: Subject = {
  title: 'Endpoints of the status port',
  introduction: '',
  column: 'Path',
  names: 'code',
  claims: {
    '/healthz/ready': worksAnd(
      'The same status codes, empty bodies and log lines; `?verbose` tells each check. A hot restart does not change the answer.',
      'status/readiness/ready-page.test.ts: answers 200 with an empty body when it is ready',
      'status/readiness/ready-page.test.ts: answers 503 with an empty body when it is not ready',
      'agent/readiness-handoff.test.ts: U18 is never lost, however long the new Envoy starts',
    ),
    '/stats/prometheus, /metrics': works(
      'status/metrics/merged-page.test.ts: writes agent, Envoy and application in this order, and tells how each target did',
      'e2e/metrics-merge.test.ts: are on one page, in this order, and the page parses',
    ),
    '/quitquitquit': works(
      'status/actions.test.ts: ends the agent, once',
      'e2e/shutdown-sequences.test.ts: a job ends at once with /quitquitquit',
    ),
    '/drain': works(
      'status/actions.test.ts: starts a drain',
      'e2e/shutdown-sequences.test.ts: R13: a native sidecar accepts for ever after /drain, is ready, and ends at once with SIGTERM',
    ),
    '/app-health/': works(
      'status/app-probe-routes.test.ts: are served with the hooks, each under its own prefix',
      'e2e/app-probes.test.ts: reach the application from the address that is not captured',
    ),
    '/app-lifecycle/': works(
      'status/app-probe-routes.test.ts: are served with the hooks, each under its own prefix',
    ),
    '/debug/pprof/': differs(
      'On loopback and by the same flag: `cmdline`, `profile` and `heap` in the formats of V8, `symbol` and `trace` are not there.',
      'status/profiling/pprof-pages.test.ts: tells what there is',
      'status/profiling/pprof-pages.test.ts: has nothing that Go alone has',
    ),
    '/debug/ndsz': worksAnd(
      '`?host=` says why one name is answered as it is.',
      'dns/names/debug-table.test.ts: shows what was sent as it was, and every made name as one of Kubernetes',
      'e2e/dns-cases.test.ts: 15: the debug output has the names of a host, and those alone',
    ),
    '/restart': added('status/actions.test.ts: asks for a hot restart and tells the epoch to come'),
    '/rotate': added('status/actions.test.ts: signs a new certificate'),
    '/debug/readyz': added(
      'status/readiness/ready-page.test.ts: shows each check with the time of its last change',
    ),
    '/debug/envoyz': added(
      'agent/envoy-page.test.ts: shows the Envoy that serves and the reasons of what waits',
    ),
    '/debug/xds': added(
      'agent/xds-page.test.ts: tells where a stream goes, since when, and the epoch of its Envoy',
    ),
    '/debug/certs': added(
      'agent/certificate-page.test.ts: shows whose each certificate is, its times and where it comes from',
    ),
    '/debug/scrapez': added(
      'e2e/metrics-merge.test.ts: are told of in the log and on a page for whoever misses them',
    ),
    '/debug/logging': added('status/log-levels.test.ts: is read by GET, changed by POST, and nothing else'),
    '/debug/startup': added(
      'e2e/status-startup.test.ts: is told in parts that add up to what a watcher measures from outside',
    ),
  },
};

export const exchanges: Subject = {
  title: 'How the status port answers',
  introduction: '',
  column: 'Matter',
  names: 'text',
  claims: {
    'Loopback alone: 403 for others': works(
      'status/routes.test.ts: is not believed what its headers say of it',
    ),
    'Other methods: 405': works('status/access.test.ts: judges the peer before the method'),
    'Unknown paths: 404': works('status/routes.test.ts: of any other path is not found'),
    'Compression by zstd and gzip': works(
      'status/compression.test.ts: of … is …',
      'status/compressing-response.test.ts: compresses a whole body, and takes back the length that was named',
    ),
    'After SIGTERM new connections are refused, open ones get 503': works(
      'status/server.test.ts: refuses new connections once the agent ends, and answers open ones with 503',
    ),
    'Probes by HTTP, HTTPS, HTTP/2, TCP, gRPC': works(
      'status/probes/http-probe.test.ts: shows the application what the kubelet sent: every value, no body, whatever the method',
      'status/probes/tcp-probe.test.ts: connects, sends nothing, and is gone at once, by a reset',
      'status/probes/grpc-probe.test.ts: comes from the probes’ address, with the caller’s user agent',
    ),
    'A gRPC probe without a time limit': differs(
      '1 s; in 1.31 it fails at once.',
      'status/probes/app-probes.test.ts: gives a gRPC probe a second where no limit is given',
    ),
    'Metrics in OpenMetrics': works(
      'status/metrics/applications.test.ts: judges the format by those that answered, and ends the page for them',
    ),
    'Very many callers': differs(
      'Limited: 1024 connections, four scrapes at a time, and a time for each request to arrive.',
      'status/connections.test.ts: makes room for a newer one when it has asked nothing yet, then when it waits',
      'status/metrics/scrape-queue.test.ts: lets four in at once, and the next ones in their order as places become free',
    ),
  },
};
