import assert from 'node:assert/strict';

import { rendered } from './shapes.ts';

function loadStats(text: string): ReturnType<typeof rendered> {
  return rendered({ node: { environment: { ISTIO_META_LOAD_STATS_CONFIG_JSON: text } } });
}

describe('the load report configuration of a bootstrap', () => {
  it('is the JSON of the node metadata', async () => {
    const { bootstrap } = await loadStats('{"api_type":"GRPC"}');

    assert.deepEqual(bootstrap['cluster_manager'], {
      load_stats_config: { api_type: 'GRPC' },
      enable_deferred_cluster_creation: true,
    });
  });

  it('is there when the object is empty', async () => {
    const { bootstrap } = await loadStats('{}');

    assert.deepEqual(bootstrap['cluster_manager'], {
      load_stats_config: {},
      enable_deferred_cluster_creation: true,
    });
  });

  it('is left out with a warning when it is no JSON object', async () => {
    for (const text of ['[]', 'x']) {
      const { bootstrap, warnings } = await loadStats(text);

      assert.equal(bootstrap['cluster_manager'], undefined);
      assert.equal(warnings.length, 1);
    }
  });

  it('is left out when it is nested deeper than Envoy reads', async () => {
    const nested = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;

    assert.equal((await loadStats(nested(97))).warnings.length, 0);
    const { bootstrap, warnings } = await loadStats(nested(100_000));

    assert.equal(bootstrap['cluster_manager'], undefined);
    assert.deepEqual(warnings, [
      'node metadata LOAD_STATS_CONFIG_JSON is ignored: it is nested too deep for Envoy',
    ]);
  });
});
