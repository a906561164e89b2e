import { equal, match } from 'node:assert/strict';

import { loadReportingFault } from '../../../src/envoy/restart/load-reporting.ts';

const NOBODY = { cluster_manager: { load_stats_config: { api_type: 'GRPC' } } };

function fault(document: unknown, override?: object, path = 'envoy.json'): Promise<string | undefined> {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const file = { path, override: override === undefined ? undefined : JSON.stringify(override) };
  return loadReportingFault(file, () => Promise.resolve(text));
}

describe('loadReportingFault', () => {
  it('finds load reporting without anybody to report to, however its names are spelled', async () => {
    match((await fault(NOBODY)) ?? '', /^load_stats_config has neither grpc_services nor cluster_names/);
    match((await fault({ clusterManager: { loadStatsConfig: { grpcServices: [] } } })) ?? '', /^load_stats/);
    match(
      (await fault('cluster_manager: { load_stats_config: {} }', undefined, 'b.yaml')) ?? '',
      /^load_stats/,
    );
    match((await fault({}, NOBODY)) ?? '', /^load_stats/);
  });

  it('finds nothing where somebody is named, in the file or in what is merged over it', async () => {
    const somebody = { cluster_manager: { load_stats_config: { grpc_services: [{}] } } };

    equal(await fault(somebody), undefined);
    equal(await fault({ clusterManager: { loadStatsConfig: { clusterNames: ['a'] } } }), undefined);
    equal(await fault(NOBODY, somebody), undefined);
  });

  it('finds nothing in a bootstrap without it, and leaves what it cannot read to Envoy', async () => {
    equal(await fault({}), undefined);
    equal(await fault('{ not json'), undefined);
    equal(await fault('a: [', undefined, 'b.yaml'), undefined);
    equal(await fault('\u0000', undefined, 'b.pb'), undefined);
    const gone = loadReportingFault({ path: 'b.json', override: undefined }, () =>
      Promise.reject(new Error()),
    );
    equal(await gone, undefined);
  });
});
