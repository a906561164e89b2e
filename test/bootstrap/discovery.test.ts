import assert from 'node:assert/strict';

import { discoveryParameters } from '../../src/bootstrap/discovery.ts';

const SIDECAR = 'sidecar~10.0.0.7~web.shop~shop.svc.cluster.local';

describe('discoveryParameters', () => {
  it('follow the switches', () => {
    const parameters = discoveryParameters(
      { nodeId: SIDECAR, isDelta: true, metadataDiscovery: true },
      (message) => assert.fail(message),
    );

    assert.deepEqual(parameters, { xds_type: 'DELTA_GRPC', metadata_discovery: true });
  });

  it('turn metadata discovery off without delta, with a warning', () => {
    const warnings: string[] = [];

    const parameters = discoveryParameters(
      { nodeId: SIDECAR, isDelta: false, metadataDiscovery: true },
      (warning) => warnings.push(warning),
    );

    assert.deepEqual(parameters, { xds_type: 'GRPC', metadata_discovery: false });
    assert.equal(warnings.length, 1);
  });

  it('are both on for a waypoint', () => {
    const parameters = discoveryParameters(
      { nodeId: 'waypoint~10.0.0.7~w.shop~', isDelta: false, metadataDiscovery: false },
      (message) => assert.fail(message),
    );

    assert.deepEqual(parameters, { xds_type: 'DELTA_GRPC', metadata_discovery: true });
  });
});
