// Names of the resource types that travel over xDS, and what the protocol says about each type as a whole.
// What a resource contains is not known here.

const PREFIX = 'type.googleapis.com/';

export const CLUSTER_TYPE = `${PREFIX}envoy.config.cluster.v3.Cluster`;
export const ENDPOINT_TYPE = `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER_TYPE = `${PREFIX}envoy.config.listener.v3.Listener`;
export const ROUTE_TYPE = `${PREFIX}envoy.config.route.v3.RouteConfiguration`;
export const SECRET_TYPE = `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`;
export const EXTENSION_CONFIG_TYPE = `${PREFIX}envoy.config.core.v3.TypedExtensionConfig`;
export const BOOTSTRAP_TYPE = `${PREFIX}envoy.config.bootstrap.v3.Bootstrap`;
export const NAME_TABLE_TYPE = `${PREFIX}istio.networking.nds.v1.NameTable`;
export const PROXY_CONFIG_TYPE = `${PREFIX}istio.mesh.v1alpha1.ProxyConfig`;
export const HEALTH_TYPE = `${PREFIX}istio.v1.HealthInformation`;

/**
 * Types of which a client gets everything when it names nothing, and of which a state-of-the-world response always
 * carries the whole set: what is absent is deleted.
 *
 * @see xDS protocol, "Wildcard subscriptions"
 */
export const WHOLE_STATE_TYPES: ReadonlySet<string> = new Set([
  CLUSTER_TYPE,
  LISTENER_TYPE,
  NAME_TABLE_TYPE,
  PROXY_CONFIG_TYPE,
]);

/** The subscription name that stands for everything. */
export const WILDCARD = '*';

/** Begins the types with which a control plane is asked about itself: `istio.io/debug/syncz`. */
const DEBUG_PREFIX = 'istio.io/debug';

/** True for questions about the control plane itself. */
export function isDebugType(typeUrl: string): boolean {
  return typeUrl === DEBUG_PREFIX || typeUrl.startsWith(`${DEBUG_PREFIX}/`);
}

const SHORT_NAMES: ReadonlyMap<string, string> = new Map([
  [CLUSTER_TYPE, 'CDS'],
  [ENDPOINT_TYPE, 'EDS'],
  [LISTENER_TYPE, 'LDS'],
  [ROUTE_TYPE, 'RDS'],
  [SECRET_TYPE, 'SDS'],
  [EXTENSION_CONFIG_TYPE, 'ECDS'],
  [BOOTSTRAP_TYPE, 'BDS'],
  [NAME_TABLE_TYPE, 'NDS'],
  [PROXY_CONFIG_TYPE, 'PCDS'],
  [HEALTH_TYPE, 'HDS'],
  [`${PREFIX}istio.workload.Workload`, 'WDS'],
  [`${PREFIX}istio.workload.Address`, 'WDS'],
  [`${PREFIX}istio.security.Authorization`, 'WADS'],
]);

/** The name logs use (`CDS`); an unknown type stays as it is. */
export function shortTypeName(typeUrl: string): string {
  return SHORT_NAMES.get(typeUrl) ?? typeUrl;
}
