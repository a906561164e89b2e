// Variables that tell the agent which pod it is in, families of variables, and those other programs read.

import { added, differs, type Subject, works, worksAnd } from '../claim.ts';

const TOLD = 'agent/bootstrap-settings.test.ts: tells the control plane what the variables of the pod say';
const REACHED = 'config/variables.test.ts: about the pod reach what Envoy is told of it';

export const podVariables: Subject = {
  title: 'Variables of the pod',
  introduction: '',
  column: 'Variable',
  names: 'code',
  claims: {
    POD_NAME: works('node/identity.test.ts: joins type, address, pod and DNS domain', TOLD),
    POD_NAMESPACE: works(
      'config/agent-config.test.ts: derives the DNS domain from the namespace, whatever the trust domain is',
      TOLD,
    ),
    INSTANCE_IP: works('node/instance-addresses.test.ts: puts INSTANCE_IP first and does not repeat it'),
    SERVICE_ACCOUNT: works('pki/spiffe.test.ts: have the form of the reference', TOLD),
    HOST_IP: works(
      'bootstrap/bootstrap-override.test.ts: puts in the address of the host, in brackets for IPv6',
      REACHED,
    ),
    ISTIO_CPU_LIMIT: works(
      'config/agent-config.test.ts: reads an injected pod',
      'config/proxy-config/proxy-config.test.ts: takes the CPU limit for an unset concurrency only',
    ),
    PROXY_CONFIG: works(
      'config/proxy-config/proxy-config.test.ts: lays the annotation over PROXY_CONFIG over the mesh file',
    ),
    KUBERNETES_SERVICE_HOST: works(
      'config/agent-config.test.ts: reads an injected pod',
      'agent/identity.test.ts: 29: writes certificates with mode 0… for …',
    ),
    ISTIO_META_CLUSTER_ID: works(
      'security/upstream/call-headers.test.ts: has the cluster even when empty, and no authorization without a token',
      TOLD,
    ),
    CLOUD_PLATFORM: worksAnd(
      'The lookup goes on beside certificates and xDS and holds up Envoy alone.',
      'agent/platform-probe.test.ts: asks nobody for none',
      'agent/platform-probe.test.ts: waits for the answer only with Envoy: certificates, SDS and xDS go ahead',
    ),
    GCP_METADATA: works('node/platform/gcp.test.ts: asks nobody when GCP_METADATA says it'),
    GCP_QUOTA_PROJECT: works(
      'node/platform/gcp-facts.test.ts: takes the four parts, and adds what other variables say',
      'agent/platform-probe.test.ts: takes the variables as they are',
    ),
    GCP_ZONE: works(
      "node/platform/gcp.test.ts: takes the zone of GCP_ZONE before the resolver's, and the resolver's before the server's",
    ),
    GCE_METADATA_HOST: works(
      'node/platform/gcp.test.ts: by GCP_METADATA and by GCE_METADATA_HOST, without a question',
    ),
    'ISTIO_META_*': worksAnd(
      'A value of the wrong type ends the start with the name of its variable, and one that names no key is dropped with a warning.',
      'node/raw-metadata.test.ts: lets environment text win over proxyMetadata, and JSON over both',
      'node/metadata-fields.test.ts: names field, variable and expectation when a type does not fit',
    ),
    'ISTIO_METAJSON_*': works(
      'node/raw-metadata.test.ts: warns about JSON that is no object and goes on',
      TOLD,
    ),
    'CA_HEADER_*': works(
      'config/env.test.ts: collects variables without their prefix, keeping case and every equals sign',
      'security/upstream/control-plane.test.ts: give each its own headers, and both the token and the cluster',
    ),
    'XDS_HEADER_*': works(
      'config/variables.test.ts: about the control plane reach what connects to it',
      'security/upstream/control-plane.test.ts: give each its own headers, and both the token and the cluster',
    ),
    OTEL_RESOURCE_ATTRIBUTES: works(
      'config/variables.test.ts: about Envoy reach its command line and its environment',
    ),
    WAIT_TIMEOUT_SECONDS: added(
      'cli/wait.test.ts: takes its timeout from WAIT_TIMEOUT_SECONDS when the flag is not given',
    ),
    AGENT_SIDECAR_STATUS: added(
      'cli/sidecar-presence.test.ts: is expected at once when somebody answers, whatever that is',
    ),
  },
};

export const values: Subject = {
  title: 'Values of variables',
  introduction: '',
  column: 'Rule',
  names: 'text',
  claims: {
    'A text that is set but empty': works(
      'config/env.test.ts: takes a text that is set but empty as empty, not as the default',
    ),
    'A bool, number or duration that cannot be read': differs(
      'The default counts, as in 1.31; the warning names the variable, and goes to stderr where stdout belongs to others.',
      'config/env.test.ts: rejects a bad value with variable, text, expectation and default, and uses the default',
      'cli/request.test.ts: warns of a variable it cannot read on stderr, and keeps stdout clean',
    ),
    'TRUST_DOMAIN set and empty': differs(
      '`cluster.local` with a warning; in 1.31 the trust domain is empty.',
      'config/agent-config.test.ts: collects what the operator should know',
    ),
    'The environment of Envoy': works(
      'config/agent-config.test.ts: pass the whole environment on, with the ciphers of a FIPS policy',
    ),
  },
};
