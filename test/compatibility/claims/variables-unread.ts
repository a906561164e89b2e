// Variables that change nothing here: of Wasm modules, of the Go runtime, of control planes, of older agents.

import { differs, notYet, type Subject, works, worksAnd } from '../claim.ts';

const SILENT =
  'config/variables.test.ts: of older agents, of the Go runtime and of control planes change nothing, and nobody warns of them';
const NO_WASM =
  'Remote Wasm modules are not fetched: the configuration reaches Envoy as it was sent. Setting it is said to have no effect.';
const NAMED =
  'agent/unsupported.test.ts: names variables that nothing reads, when they differ from their defaults';
const NEVER_USED = 'Read and never used, as in 1.31; a warning says so.';
const GO = 'Speaks to the Go runtime; this agent runs on Node.';

/** As in 1.31, whose agent does not read it either. */
const unread = works(SILENT);

export const unreadVariables: Subject = {
  title: 'Variables without effect',
  introduction: 'All are accepted. *Works* means here that 1.31’s agent does nothing with them either.',
  column: 'Variable',
  names: 'code',
  claims: {
    WASM_INSECURE_REGISTRIES: notYet(NO_WASM, NAMED),
    WASM_MODULE_EXPIRY: notYet(NO_WASM, NAMED),
    WASM_PURGE_INTERVAL: notYet(NO_WASM, NAMED),
    WASM_HTTP_REQUEST_TIMEOUT: notYet(NO_WASM, NAMED),
    WASM_HTTP_REQUEST_MAX_RETRIES: notYet(NO_WASM, NAMED),
    ISTIO_AGENT_ENABLE_WASM_REMOTE_LOAD_CONVERSION: notYet(NO_WASM, NAMED),
    ISTIO_WASM_MAX_BINARY_SIZE_BYTES: notYet(NO_WASM, NAMED),
    XDS_AUTH_PROVIDER: worksAnd(NEVER_USED, NAMED),
    CREDENTIAL_IDENTITY_PROVIDER: worksAnd(NEVER_USED, NAMED),
    GOMEMLIMIT: differs(`${GO} \`NODE_OPTIONS=--max-old-space-size=…\` limits its heap.`, SILENT),
    GOMAXPROCS: differs(GO, SILENT),
    GODEBUG: differs(`${GO} \`fips140=only\` has no counterpart; \`COMPLIANCE_POLICY\` counts.`, SILENT),
    METRICS_LOCALHOST_ACCESS_ONLY: works(
      'config/agent-config.test.ts: restricts metrics by exactly one proxyMetadata text',
      SILENT,
    ),
    TOKEN_AUDIENCES: unread,
    XDS_AUTH: unread,
    XDS_AUTH_PLAINTEXT: unread,
    ISTIO_ENABLE_CONTROLLER_QUEUE_METRICS: unread,
    UNSAFE_PILOT_ENABLE_RUNTIME_ASSERTIONS: unread,
    ENABLE_VTPROTOBUF: unread,
    RESOLVE_HOSTNAME_GATEWAYS: unread,
    INBOUND_INTERCEPTION_MODE: unread,
    INBOUND_TPROXY_MARK: unread,
    ISTIO_NAMESPACE: unread,
    PLUGINS: unread,
    ENABLE_INGRESS_GATEWAY_SDS: unread,
    SECRET_ROTATION_CHECK_INTERVAL: unread,
    STALED_CONNECTION_RECYCLE_RUN_INTERVAL: unread,
    INITIAL_BACKOFF_MSEC: unread,
    USE_TOKEN_FOR_CSR: unread,
    SKIP_PARSE_TOKEN: unread,
    CANONICAL_SERVICE: unread,
    CANONICAL_REVISION: unread,
  },
};
