// Parameters that upstream offers and the built-in template does not use: they are there for users' templates.
// Upstream: pkg/bootstrap/option/instances.go.

import type { Node } from '../node/node.ts';
import type { ProxyConfigJson } from '../node/proxy-config-json.ts';
import type { Json, JsonObject } from '../runtime/json.ts';
import type { SocketAddress } from './address.ts';

export interface UserTemplateInput {
  readonly node: Node;
  readonly proxyConfig: ProxyConfigJson;
  readonly discovery: SocketAddress | null;
  /** File with the root that the control plane's certificate is verified with; null when there is none. */
  readonly xdsRootCert: string | null;
}

export function userTemplateParameters(input: UserTemplateInput): object {
  const { node, proxyConfig, discovery, xdsRootCert } = input;
  const { typed } = node;
  return {
    metadata: typed,
    nodeType: node.id.split('~')[0] ?? '',
    discovery_host: discovery?.address ?? null,
    discovery_address: proxyConfig.discoveryAddress ?? null,
    pilot_grpc_address: discovery,
    pilot_SAN: typed.PILOT_SAN.map((exact) => ({ exact })),
    xds_root_cert: xdsRootCert,
    sts: typed.STS_PORT !== '',
    sts_port: typed.STS_PORT === '' ? null : Number(typed.STS_PORT),
    gcp_project_id: typed.PLATFORM_METADATA['gcp_project'] ?? null,
    gcp_project_number: typed.PLATFORM_METADATA['gcp_project_number'] ?? null,
    ...stackdriverParameters(proxyConfig.tracing?.stackdriver as JsonObject | undefined),
  };
}

function stackdriverParameters(settings: JsonObject | undefined): object {
  const limit = (name: string): Json => settings?.[name] ?? null;
  return {
    stackdriver: settings !== undefined,
    stackdriverDebug: settings?.['debug'] ?? false,
    stackdriverMaxAnnotations: limit('maxNumberOfAnnotations'),
    stackdriverMaxAttributes: limit('maxNumberOfAttributes'),
    stackdriverMaxEvents: limit('maxNumberOfMessageEvents'),
  };
}
