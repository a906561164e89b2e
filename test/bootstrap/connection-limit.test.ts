import assert from 'node:assert/strict';

import { maxDownstreamConnections } from '../../src/bootstrap/connection-limit.ts';

function limit(metadata?: string, runtime?: string, warnings: string[] = []): number {
  return maxDownstreamConnections(
    {
      ...(metadata !== undefined && {
        proxyMetadata: { ISTIO_META_GLOBAL_DOWNSTREAM_MAX_CONNECTIONS: metadata },
      }),
      ...(runtime !== undefined && {
        runtimeValues: { 'overload.global_downstream_max_connections': runtime },
      }),
    },
    (warning) => warnings.push(warning),
  );
}

describe('maxDownstreamConnections', () => {
  it('prefers proxyMetadata over runtimeValues', () => {
    assert.equal(limit('10', '20'), 10);
    assert.equal(limit(undefined, '20'), 20);
    assert.equal(limit(), 2_147_483_647);
  });

  it('asks the next source when a text is no integer', () => {
    assert.equal(limit('many', '20'), 20);
    assert.equal(limit('1.5', ''), 2_147_483_647);
  });

  it('warns about a limit that Envoy refuses', () => {
    const warnings: string[] = [];

    assert.equal(limit('0', '20', warnings), 2_147_483_647);
    assert.equal(warnings.length, 1);
  });
});
