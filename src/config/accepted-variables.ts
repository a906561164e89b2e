// Variables no row has: families of names, and what is accepted because injectors and old pods set it. They are
// listed by `agent env` and in the reference; whoever needs a family reads the environment by its prefix.

import type { VariableText } from './env-row.ts';

const GO_RUNTIME = { noEffect: 'it speaks to the Go runtime; this agent runs on Node' };
const CONTROL_PLANE = { noEffect: 'it is for the control plane' };
const OLD = { noEffect: 'only pilot-agent 1.7 read it' };

const families: readonly VariableText[] = [
  { name: 'ISTIO_META_*', help: 'Node metadata: ISTIO_META_OWNER=x is the key OWNER.' },
  { name: 'ISTIO_METAJSON_*', help: 'JSON objects whose members become node metadata.' },
  { name: 'CA_HEADER_*', help: 'Headers of requests to the CA: CA_HEADER_FOO=x is FOO: x.', secret: true },
  { name: 'XDS_HEADER_*', help: 'Headers of the discovery stream.', secret: true },
];

const passed: readonly VariableText[] = [
  { name: 'OTEL_RESOURCE_ATTRIBUTES', help: 'For Envoy, which inherits the whole environment.' },
  {
    name: 'WAIT_TIMEOUT_SECONDS',
    help: 'Time limit of agent wait and exec when --timeoutSeconds is not given.',
  },
  {
    name: 'AGENT_SIDECAR_STATUS',
    help: "For agent exec: the pod's annotation sidecar.istio.io/status; empty: there is no mesh.",
  },
];

const accepted: readonly VariableText[] = [
  { name: 'GOMEMLIMIT', help: "Memory limit; use Node's --max-old-space-size.", ...GO_RUNTIME },
  { name: 'GOMAXPROCS', help: 'Threads.', ...GO_RUNTIME },
  { name: 'GODEBUG', help: 'Debug settings.', ...GO_RUNTIME },
  { name: 'TOKEN_AUDIENCES', help: 'Audiences a control plane accepts.', ...CONTROL_PLANE },
  { name: 'XDS_AUTH', help: 'Whether a control plane authenticates its clients.', ...CONTROL_PLANE },
  { name: 'XDS_AUTH_PLAINTEXT', help: 'The same without TLS.', ...CONTROL_PLANE },
  { name: 'ISTIO_ENABLE_CONTROLLER_QUEUE_METRICS', help: 'Metrics of controllers.', ...CONTROL_PLANE },
  { name: 'UNSAFE_PILOT_ENABLE_RUNTIME_ASSERTIONS', help: 'Assertions.', ...CONTROL_PLANE },
  { name: 'ENABLE_VTPROTOBUF', help: 'How Go encodes messages.', ...CONTROL_PLANE },
  { name: 'RESOLVE_HOSTNAME_GATEWAYS', help: 'Resolves names of gateways.', ...CONTROL_PLANE },
  {
    name: 'INBOUND_INTERCEPTION_MODE',
    help: 'How traffic is captured.',
    noEffect: 'the reference only documents it: ISTIO_INBOUND_INTERCEPTION_MODE is read',
  },
  {
    name: 'INBOUND_TPROXY_MARK',
    help: 'Mark of captured packets.',
    noEffect: 'the reference only documents it: ISTIO_INBOUND_TPROXY_MARK is read',
  },
  {
    name: 'METRICS_LOCALHOST_ACCESS_ONLY',
    help: 'Metrics on loopback only.',
    noEffect: 'it counts as a key of proxyMetadata, not as a variable',
  },
  { name: 'ISTIO_NAMESPACE', help: 'Namespace of the control plane.', ...OLD },
  { name: 'PLUGINS', help: 'CA plugins.', ...OLD },
  { name: 'ENABLE_INGRESS_GATEWAY_SDS', help: 'Secrets of gateways.', ...OLD },
  { name: 'SECRET_ROTATION_CHECK_INTERVAL', help: 'How often certificates were looked at.', ...OLD },
  { name: 'STALED_CONNECTION_RECYCLE_RUN_INTERVAL', help: 'Clean-up of SDS connections.', ...OLD },
  { name: 'INITIAL_BACKOFF_MSEC', help: 'First retry at the CA.', ...OLD },
  { name: 'USE_TOKEN_FOR_CSR', help: 'Token beside a client certificate.', ...OLD },
  { name: 'SKIP_PARSE_TOKEN', help: 'Do not look into the token.', ...OLD },
  { name: 'DNS_AGENT', help: 'DNS over TLS to the control plane.', ...OLD },
  { name: 'CANONICAL_SERVICE', help: 'Name of the service, for the injector.', ...OLD },
  { name: 'CANONICAL_REVISION', help: 'Revision of the service, for the injector.', ...OLD },
];

/** By the titles of the reference. */
export const acceptedGroups: Readonly<Record<string, readonly VariableText[]>> = {
  'Families of variables': families,
  'Passed on, and of short commands': passed,
  'Accepted without effect': accepted,
};
