// Variables about the connection to the control plane.

import { added, differs, type Subject, works, worksAnd } from '../claim.ts';

const SETTINGS = 'agent/socket-servers.test.ts: takes limits and times from the variables';
const REACHED = 'config/variables.test.ts: about the control plane reach what connects to it';
const CAPITALS = 'config/variables.test.ts: about the HTTP proxy count in capitals before small letters';

export const controlPlaneVariables: Subject = {
  title: 'Variables of the control plane',
  introduction: '',
  column: 'Variable',
  names: 'code',
  claims: {
    PROXY_CONFIG_XDS_AGENT: works(
      'e2e/xds-handlers.test.ts: makes Envoy trust a root certificate that the control plane sends, with a new certificate of its own',
    ),
    GRPC_KEEPALIVE_INTERVAL: works(
      'xds-proxy/proxy.test.ts: cuts an Envoy off that no longer answers pings',
      REACHED,
    ),
    GRPC_KEEPALIVE_TIMEOUT: works(
      'xds-proxy/proxy.test.ts: cuts an Envoy off that no longer answers pings',
      REACHED,
    ),
    ISTIO_GPRC_MAXSTREAMS: works(
      'xds-proxy/proxy.test.ts: tells Envoy how many streams a connection may have',
      SETTINGS,
    ),
    ISTIO_GPRC_MAXRECVMSGSIZE: worksAnd(
      'The error names the variable.',
      'xds-proxy/proxy.test.ts: ends a stream whose request is larger than allowed with RESOURCE_EXHAUSTED',
      SETTINGS,
    ),
    ISTIO_DELTA_XDS: works(
      'agent/bootstrap-settings.test.ts: speaks delta xDS unless ISTIO_DELTA_XDS says otherwise',
    ),
    PEER_METADATA_DISCOVERY: works(
      'node/node.test.ts: takes METADATA_DISCOVERY from HBONE unless it is set itself',
      'bootstrap/discovery.test.ts: turn metadata discovery off without delta, with a warning',
      'agent/bootstrap-settings.test.ts: tells the control plane what the variables of the pod say',
    ),
    ISTIO_META_ENABLE_SELF_DISCOVERY: works(
      'agent/bootstrap-settings.test.ts: has a cluster of its own service with ISTIO_META_ENABLE_SELF_DISCOVERY',
    ),
    GRPC_XDS_BOOTSTRAP: works(
      'agent/grpc-bootstrap-writer.test.ts: writes at the check when the platform is known, once',
      'e2e/proxyless.test.ts: brings a gRPC application to the servers the control plane knows',
    ),
    HTTPS_PROXY: works(
      'security/upstream/http-proxy.test.ts: goes through the proxy, with its credentials, to the address by name',
      CAPITALS,
    ),
    https_proxy: works(CAPITALS),
    NO_PROXY: works('security/upstream/http-proxy.test.ts: excepts by "…"', CAPITALS),
    no_proxy: works(CAPITALS),
    PROXY_XDS_DEBUG_VIA_AGENT: differs(
      'Releases before 1.31 had it, on by default; here it is off unless it is set.',
      'agent/socket-servers.test.ts: opens nothing unless it is wanted',
      'agent/socket-servers.test.ts: asks on the stream of the Envoy that serves, at the port that is set',
      'xds-proxy/debug-tap.test.ts: asks what the path says, for the resource of the query',
    ),
    PROXY_XDS_DEBUG_VIA_AGENT_PORT: differs(
      'Likewise.',
      'agent/socket-servers.test.ts: asks on the stream of the Envoy that serves, at the port that is set',
    ),
    XDS_MAX_SILENCE: added(
      'xds-proxy/proxy.test.ts: ends a stream on which nothing has come for as long as the settings allow',
      SETTINGS,
    ),
  },
};
