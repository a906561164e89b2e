import { deepEqual, equal } from 'node:assert/strict';

import { withGeneration } from '../../src/bootstrap/generation-header.ts';
import type { JsonObject } from '../../src/runtime/json.ts';

const header = (value: string): JsonObject => ({ key: 'x-agent-generation', value });

function bootstrap(...services: readonly JsonObject[]): JsonObject {
  return { node: {}, dynamic_resources: { lds_config: {}, ads_config: { grpc_services: services } } };
}

describe('withGeneration', () => {
  it('numbers the stream of every Envoy but the first', () => {
    const document = bootstrap({ envoy_grpc: {} });

    equal(withGeneration(document, 0), document);
    deepEqual(withGeneration(document, 14), bootstrap({ envoy_grpc: {}, initial_metadata: [header('14')] }));
  });

  it('keeps other metadata and other services', () => {
    const other = { key: 'x-mine', value: '1' };

    const document = withGeneration(bootstrap({ initial_metadata: [other] }, { google_grpc: {} }), 2);

    deepEqual(document, bootstrap({ initial_metadata: [other, header('2')] }, { google_grpc: {} }));
  });

  it('leaves a document without ADS over gRPC as it is', () => {
    for (const document of [{}, { dynamic_resources: { lds_config: {} } }, bootstrap()]) {
      equal(withGeneration(document, 2), document);
    }
  });
});
