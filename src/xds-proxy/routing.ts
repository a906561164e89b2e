// Where a response goes: to Envoy, to a part of the agent, or nowhere.
// Upstream counterpart: istio pkg/istio-agent/xds_proxy.go handleUpstreamResponse.

/**
 * Resource types the agent itself takes, each with its taker. They are subscribed in this order and never reach
 * Envoy. A taker gets the packed message of the first resource; when it throws, the response is refused with its
 * words.
 */
export type Consumers = ReadonlyMap<string, (resource: Uint8Array) => void | Promise<void>>;

const ENVOY_TYPES = 'type.googleapis.com/envoy.';

/** The one type outside Envoy's packages that Istio's Envoy understands. */
const WORKLOAD_TYPE = 'type.googleapis.com/istio.workload.Workload';

/** True for types Envoy can understand; anything else it would refuse. */
export function isForwarded(typeUrl: string): boolean {
  return typeUrl.startsWith(ENVOY_TYPES) || typeUrl === WORKLOAD_TYPE;
}
