// Subject `service-cluster`: Envoy's node.cluster from labels, names and namespace.

import { equal } from 'node:assert/strict';

import { serviceCluster, type ClusterInput } from '../../../src/node/cluster.ts';

export function checkServiceCluster(
  given: Partial<ClusterInput>,
  expected: { readonly cluster: string },
): void {
  equal(serviceCluster({ labels: {}, workloadName: '', namespace: '', ...given }), expected.cluster);
}
