// The configuration of a large mesh, as a control plane of such a mesh sends it: clusters whose endpoints come over
// xDS, and one listener.

import { answeringListener, edsCluster, endpoints } from '../mesh-resources.ts';

/** Documents of a configuration directory. @param connectSeconds differs from push to push: all clusters change */
export function manyClusters(
  count: number,
  connectSeconds: number,
  listenerPort: number,
): Readonly<Record<string, object>> {
  const names = Array.from(
    { length: count },
    (_, index) => `outbound|80||service-${index}.shop.svc.cluster.local`,
  );
  const clusters = names.map((name) => ({
    ...edsCluster(name),
    connect_timeout: `${connectSeconds}s`,
    metadata: { filter_metadata: { istio: { services: [{ host: name, namespace: 'shop' }] } } },
  }));
  return {
    'clusters.yaml': { resources: clusters },
    'endpoints.yaml': { resources: names.map((name) => endpoints(name, 8080)) },
    'listener.yaml': { resources: [answeringListener('hello', listenerPort)] },
  };
}
