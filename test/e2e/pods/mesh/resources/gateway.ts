// Resources of an Envoy that stands alone: takes plain HTTP for the names of the services, and goes to them as a
// member of the mesh.

import {
  http,
  listener,
  RETRIES,
  socket,
  type VirtualHost,
} from '../../../../../examples/demo/envoy-resources.ts';
import type { Service } from '../services.ts';
import { serviceClusters } from './clusters.ts';

/** A port that only root may have, unless the pod's sysctl says otherwise. */
const GATEWAY_PORT = 80;

export function gatewayResources(services: readonly Service[]): readonly object[] {
  const gateway = listener({
    name: `0.0.0.0_${GATEWAY_PORT}`,
    address: socket('0.0.0.0', GATEWAY_PORT),
    traffic_direction: 'OUTBOUND',
    filter_chains: [{ filters: [http('gateway', services.flatMap(virtualHost))] }],
  });
  return [...serviceClusters(services), gateway];
}

/** A service is reached at its first port for HTTP. */
function virtualHost({ host, ports }: Service): VirtualHost[] {
  const port = ports.find(({ protocol }) => protocol !== 'tcp');
  if (port === undefined) return [];
  return [
    { domains: [host, `${host}:${GATEWAY_PORT}`], cluster: port.cluster, route: { retry_policy: RETRIES } },
  ];
}
