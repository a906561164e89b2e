import { deepEqual } from 'node:assert/strict';

import { isForwarded } from '../../src/xds-proxy/routing.ts';

describe('isForwarded', () => {
  it("lets Envoy's own types and Workload pass", () => {
    const types = [
      'envoy.config.cluster.v3.Cluster',
      'envoy.extensions.transport_sockets.tls.v3.Secret',
      'istio.workload.Workload',
    ];

    deepEqual(
      types.filter((type) => !isForwarded(`type.googleapis.com/${type}`)),
      [],
    );
  });

  it('holds back all others', () => {
    const types = [
      '',
      'istio.io/debug/syncz',
      'envoy.config.cluster.v3.Cluster',
      'type.googleapis.com/istio.workload.Address',
      'type.googleapis.com/istio.workload.WorkloadX',
      'type.googleapis.com/istio.networking.nds.v1.NameTable',
    ];

    deepEqual(types.filter(isForwarded), []);
  });
});
