// How Envoy talks xDS to the agent, and whether it discovers peers' metadata.
// Upstream: pkg/bootstrap/config.go toTemplateParams.

import type { Warn } from '../node/raw-metadata.ts';

export interface DiscoveryInput {
  readonly nodeId: string;
  /** ISTIO_DELTA_XDS. */
  readonly isDelta: boolean;
  /** METADATA_DISCOVERY of the node metadata. */
  readonly metadataDiscovery: boolean;
}

export interface DiscoveryParameters {
  readonly xds_type: 'DELTA_GRPC' | 'GRPC';
  readonly metadata_discovery: boolean;
}

/** A waypoint always uses both; peer metadata comes as delta resources only. */
export function discoveryParameters(input: DiscoveryInput, warn: Warn): DiscoveryParameters {
  const isWaypoint = input.nodeId.startsWith('waypoint~');
  const isDelta = input.isDelta || isWaypoint;
  const isWanted = input.metadataDiscovery || isWaypoint;
  if (isWanted && !isDelta) warn('metadata discovery is off: it needs delta xDS (ISTIO_DELTA_XDS)');
  return { xds_type: isDelta ? 'DELTA_GRPC' : 'GRPC', metadata_discovery: isWanted && isDelta };
}
