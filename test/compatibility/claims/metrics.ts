// The agent's own metrics, by name without the prefix they all have.

import { added, differs, notYet, type Subject, works, worksAnd } from '../claim.ts';

const COUNTERS = 'agent/counters.test.ts';
const STREAMS = `${COUNTERS}: counts ends of streams by side and type`;
const EVENTS = `${COUNTERS}: counts … and nothing else`;
const CSR = `${COUNTERS}: counts signing requests and sums up what they took, by kind of request`;
const DNS = 'agent/dns-counters.test.ts';
const SDS = `${COUNTERS}: counts refused secrets by the code Envoy gave, stale answers, and secrets sent by name and result`;
const ENVOY = 'agent/envoy-metrics.test.ts';
const CERTIFICATES = 'agent/certificate-metrics.test.ts';
const FILES = `${COUNTERS}: shows failures of certificate files from the first on`;
const PROCESS =
  'status/metrics/agent-metrics.test.ts: has the metrics of a process, those of Node in place of those of Go, and all with the prefix';
const TYPES = `${COUNTERS}: tells by type what came last and how much it was, and names no type that is made up`;
const NO_WASM = 'Remote Wasm modules are not fetched.';

export const metrics: Subject = {
  title: 'Metrics of the agent',
  introduction:
    'All begin with `istio_agent_`. Names, types and labels of 1.31 are kept, and so is when a series appears.',
  column: 'Metric',
  names: 'code',
  claims: {
    startup_duration_seconds: works(
      'status/metrics/metrics-page.test.ts: shows how long the start took once a probe has succeeded',
    ),
    scrapes_total: works(
      'e2e/metrics-merge.test.ts: begin with those the reference has after a normal start',
    ),
    scrape_failures_total: works(
      'status/metrics/metrics-page.test.ts: leaves a failed Envoy out, logs why, and counts it on the page it is missing from',
    ),
    istiod_connection_failures: works(EVENTS),
    xds_proxy_requests: works(
      EVENTS,
      'xds-proxy/sessions.test.ts: counts every message by its type and size, and how long connects, writes and acceptances take',
    ),
    xds_proxy_responses: works(
      EVENTS,
      'xds-proxy/sessions.test.ts: counts every message by its type and size, and how long connects, writes and acceptances take',
    ),
    istiod_connection_terminations: works(STREAMS),
    envoy_connection_terminations: works(STREAMS),
    dns_requests_total: works(`${DNS}: shows what upstream counts too from its first event on`),
    dns_upstream_requests_total: works(`${DNS}: shows what upstream counts too from its first event on`),
    dns_upstream_failures_total: works(`${DNS}: shows what upstream counts too from its first event on`),
    dns_upstream_request_duration_seconds: works(
      `${DNS}: shows how long resolvers take from the first answer on, in seconds`,
    ),
    outgoing_latency: works(CSR),
    num_outgoing_requests: works(CSR),
    num_failed_outgoing_requests: works(CSR),
    num_outgoing_retries: works(CSR),
    num_file_watcher_failures_total: works(FILES),
    num_file_secret_failures_total: works(FILES),
    cert_expiry_seconds: worksAnd(
      'Of pairs of files, too.',
      `${CERTIFICATES}: tells how long each leaf and the first of the anchors last, and of ROOTCA no leaf`,
    ),
    pilot_xds_recv_max: works(`${COUNTERS}: keeps the largest request`),
    pilot_xds_send_time: works(`${COUNTERS}: shows from the beginning what upstream shows then`),
    pilot_total_xds_internal_errors: works(EVENTS),
    pilot_total_xds_rejects: works(SDS),
    pilot_xds_expired_nonce: works(SDS),
    'process_*': works(PROCESS),
    'go_*': differs('`nodejs_*` in their place.', PROCESS),
    'wasm_cache_entries, wasm_cache_lookup_count, wasm_remote_fetch_count, wasm_config_conversion_count, wasm_config_conversion_duration':
      notYet(NO_WASM),
    pilot_xds_write_timeout: notYet('There is no such series.'),
    envoy_restarts_total: added(
      `${ENVOY}: counts restarts by what asked for them and what became of them, and crashes`,
    ),
    envoy_exits_total: added(`${ENVOY}: counts the ends of processes`),
    envoy_handoff_seconds: added(
      `${ENVOY}: tells how long a handoff took, and nothing of an Envoy that took nothing over`,
    ),
    'envoy_epoch, envoy_generation': added(`${ENVOY}: shows the Envoy that serves, and whether there is one`),
    'envoy_parent_alive, envoy_admin_lost': added(
      `${ENVOY}: shows a parent that is alive, and an admin port that is lost`,
    ),
    envoy_labels_outdated: added(`${ENVOY}: tells of labels that Envoy was not given, where anybody looks`),
    'cert_rotations_total, last_successful_rotation_timestamp_seconds': added(
      `${CERTIFICATES}: counts rotations by result and tells when the last one was`,
    ),
    root_cert_expiry_seconds: added(
      `${CERTIFICATES}: tells how long each leaf and the first of the anchors last, and of ROOTCA no leaf`,
    ),
    token_expiry_seconds: added(
      'agent/token-metrics.test.ts: tells how long the token is good for, also when it no longer is',
    ),
    sds_streams: added(`${COUNTERS}: shows how many streams for secrets are open`),
    sds_pushes_total: added(SDS),
    'xds_proxy_connected, xds_proxy_request_queue_length': added(
      'agent/xds-counters.test.ts: counts the connected streams and all requests that wait, also for a connect',
    ),
    'xds_proxy_last_response_timestamp_seconds, xds_proxy_response_bytes': added(TYPES),
    xds_proxy_nacks: added(`${COUNTERS}: counts refusals by type and by who refuses`),
    'xds_proxy_connect_duration_seconds, xds_proxy_ack_duration_seconds': added(
      `${COUNTERS}: shows from the beginning how long connects and writes take, acceptances by type from the first on`,
    ),
    'scrape_target_up, scrape_target_duration_seconds': added(
      'status/metrics/merged-page.test.ts: tells of the targets in their order, whichever answers first',
    ),
    scrape_conflicts_total: added(
      'status/metrics/strict/served.test.ts: leaves out what Envoy has already, and counts it for the application',
    ),
    'dns_local_answers_total, dns_truncated_total': added(
      `${DNS}: shows 0 for answers of ours and cut replies before the first, and then counts each kind`,
    ),
    'dns_table_hosts, dns_table_update_seconds': added(
      `${DNS}: shows the hosts of the newest table, 0 before the first, and how long each took`,
    ),
    'dns_upstream_hedges_total, dns_upstream_refused_total, dns_upstream_cache_total': added(
      `${DNS}: shows 0 for second questions, refused queries and uses of the cache, and then counts them`,
    ),
  },
};
