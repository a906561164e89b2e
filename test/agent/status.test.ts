import { deepEqual, equal, match } from 'node:assert/strict';

import type { EnvoySnapshot } from '../../src/envoy/snapshot.ts';
import { AgentError } from '../../src/runtime/errors.ts';
import { LISTENER_TYPE } from '../../src/xds/type-urls.ts';
import { LIVE_EPOCH } from './support/envoy-snapshot.ts';
import { StatusWorld } from './support/status-world.ts';

const REPORT = { name: 'a.example.', verdict: 'forwarded', tried: [], passedOver: [], unusable: [] };
const NAMES = { hasTable: true, debugTable: () => undefined, nameReport: async () => REPORT };

describe('statusDeps', () => {
  it('takes ports, targets and visibility from the configuration', async () => {
    const { settings: all } = await new StatusWorld().deps({
      env: { ENVOY_PROMETHEUS_PORT: '15190', ISTIO_PROMETHEUS_ANNOTATIONS: '{"port": "9090"}' },
      proxyConfig: { statusPort: 15_120, proxyMetadata: { METRICS_LOCALHOST_ACCESS_ONLY: 'true' } },
    });

    deepEqual(
      { ...all, appProbes: undefined },
      {
        appProbes: undefined,
        statusPort: 15_120,
        envoyPrometheusPort: 15_190,
        scrapeTargets: [{ port: 9090, path: '/metrics' }],
        metricsLoopbackOnly: true,
        strictMetrics: false,
      },
    );
  });

  it('shows debug pages and profiles unless they are switched off', async () => {
    const shown = await new StatusWorld().deps();
    const without = await new StatusWorld().deps({
      env: { ENABLE_DEBUG_PAGES: 'false' },
      flags: { profiling: false },
    });

    deepEqual([shown.debug.enabled, shown.debug.profiling], [true, true]);
    deepEqual([without.debug.enabled, without.debug.profiling], [false, false]);
  });

  it("probes the application as the pod's variables say", async () => {
    const { settings } = await new StatusWorld().deps({
      env: {
        INSTANCE_IP: '10.1.2.3',
        ISTIO_KUBE_APP_PROBERS: '{"/app-health/web/readyz":{"tcpSocket":{"port":8080}}}',
        ISTIO_ENABLE_HTTP2_PROBING: 'false',
        ENABLE_PROBE_KEEPALIVE_CONNECTIONS: 'true',
      },
    });

    deepEqual(settings.appProbes, {
      probers: new Map([
        ['/app-health/web/readyz', { probe: { kind: 'tcp', port: 8080 }, timeoutSeconds: 0 }],
      ]),
      source: '127.0.0.6',
      destination: '10.1.2.3',
      statusPort: 15_020,
      http2: false,
      keepAlive: true,
    });
  });

  it('probes localhost when it is told to', async () => {
    const env = { INSTANCE_IP: '10.1.2.3', REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION: 'true' };

    const { settings } = await new StatusWorld().deps({ env });

    equal(settings.appProbes?.destination, 'localhost');
  });

  it("leaves Envoy's metrics out when the configuration does", async () => {
    const { settings } = await new StatusWorld().deps({ env: { PILOT_AGENT_MERGE_ENVOY_STATS: 'false' } });

    equal(settings.envoyPrometheusPort, undefined);
  });

  it('leaves out what contradicts itself where METRICS_MERGE is strict', async () => {
    const { settings } = await new StatusWorld().deps({ env: { METRICS_MERGE: 'strict' } });

    equal(settings.strictMetrics, true);
  });

  it('never asks Envoy in a pod without one, and has none of its metrics', async () => {
    const { envoy, settings } = await new StatusWorld().deps({ env: { DISABLE_ENVOY: 'true' } });

    deepEqual([envoy, settings.envoyPrometheusPort], [undefined, undefined]);
  });

  it('checks the bootstrap of gRPC clients where one is written', async () => {
    const [some, none] = [
      await new StatusWorld().deps(),
      await new StatusWorld().deps({ env: { GRPC_XDS_BOOTSTRAP: '' } }),
    ];

    deepEqual(
      some.probers.map(({ name }) => name),
      ['grpc-bootstrap'],
    );
    deepEqual(none.probers, []);
  });

  it("rotates no certificate that is another server's", async () => {
    const world = new StatusWorld();
    const { actions } = await world.deps({}, { servesFilesOnly: true });

    equal(actions.rotationObstacle(), 'another SDS server gives the certificate');
  });

  it('rotates no certificate of files', async () => {
    const world = new StatusWorld();
    world.certificate = { source: 'files' };

    equal((await world.deps()).actions.rotationObstacle(), 'the certificate comes from files');
  });

  it('holds readiness until the first certificate where that is wanted', async () => {
    const world = new StatusWorld();
    const { probers } = await world.deps({ env: { WAIT_FOR_CERT: 'true', GRPC_XDS_BOOTSTRAP: '' } });
    const [prober] = probers;

    world.certificate = { notAfterMs: undefined };
    equal(await prober?.failure(), 'no workload certificate yet');
    world.certificate = { notAfterMs: undefined, lastError: 'create certificate: down' };
    equal(await prober?.failure(), 'no workload certificate yet: create certificate: down');
    world.certificate = { notAfterMs: undefined, source: 'files' };
    equal(await prober?.failure(), undefined);
    world.certificate = { notAfterMs: 1 };
    equal(await prober?.failure(), undefined);
    equal(prober?.name, 'certificate');
  });

  it('holds readiness until the names of the mesh are known where there is a DNS server', async () => {
    const world = new StatusWorld();
    const env = { ISTIO_META_DNS_CAPTURE: 'true', GRPC_XDS_BOOTSTRAP: '', WAIT_FOR_CERT: 'true' };
    const { probers } = await world.deps({ env });
    const [prober] = probers;

    const beforeIsOpen = await prober?.failure();
    world.names = { ...NAMES, hasTable: false };
    const beforeTable = await prober?.failure();
    world.names = NAMES;

    deepEqual(
      probers.map(({ name }) => name),
      ['dns', 'certificate'],
    );
    const reason = 'istio DNS capture is turned ON and DNS lookup table is not ready yet';
    deepEqual([beforeIsOpen, beforeTable, await prober?.failure()], [reason, reason, undefined]);
  });

  it('does not wait for names in a pod without a DNS server', async () => {
    const env = { ISTIO_META_DNS_CAPTURE: 'true', GRPC_XDS_BOOTSTRAP: '' };
    const { probers } = await new StatusWorld().deps({ nodeType: 'router', env });

    deepEqual(probers, []);
  });

  it('shows the names that are answered', async () => {
    const world = new StatusWorld();
    const { views } = await world.deps();
    const table = (async function* names() {})();

    const before = views.nameTable();
    world.names = { ...NAMES, debugTable: () => table };

    deepEqual([before, views.nameTable()], [undefined, table]);
    deepEqual(await views.nameReport('a.example'), REPORT);
  });

  it('asks the Envoy that is active now', async () => {
    const world = new StatusWorld();
    const { envoy } = await world.deps({}, { instanceIps: ['fd00::7'] });

    const during = envoy?.();
    world.active = undefined;

    deepEqual([during?.admin, during?.activeGeneration], [{ host: '::1', port: 15_000 }, 5]);
    equal(envoy?.().activeGeneration, undefined);
  });

  const standings: [string, Partial<EnvoySnapshot>, boolean, RegExp | undefined][] = [
    ['runs', {}, false, undefined],
    ['is being replaced', { phase: 'handoff' }, true, undefined],
    ['has a candidate', { candidate: LIVE_EPOCH }, true, undefined],
    ['took over and is on probation', { phase: 'handoff', draining: [LIVE_EPOCH] }, false, undefined],
    ['has lost its admin port', { adminLost: true }, true, /^degraded/],
  ];
  for (const [standing, changes, unanswerable, impairment] of standings) {
    it(`knows whether asking an Envoy that ${standing} says something about it`, async () => {
      const world = new StatusWorld();
      world.changes = changes;
      const { envoy } = await world.deps();

      const target = envoy?.();

      equal(target?.unanswerable, unanswerable);
      match(target?.impairment ?? '', impairment ?? /^$/);
    });
  }

  it("repeats Envoy's rejections and the last trouble with the control plane", async () => {
    const world = new StatusWorld();
    const { rejections, views } = await world.deps();
    const before = views.lastUpstreamError();
    const refused = {
      requested: true,
      lastVersion: '1',
      lastNonce: 'a',
      acked: false,
      nackMessage: 'no filter',
    };
    world.xds = {
      generations: [{ generation: 5, connected: true, perType: { [LISTENER_TYPE]: refused } }],
      lastUpstreamError: { text: 'connection refused', at: new Date(1234) },
    };

    equal(before, undefined);
    deepEqual(rejections(), ['no filter']);
    deepEqual(views.lastUpstreamError(), { text: 'connection refused', atMs: 1234 });
  });

  it('shows Envoy, the certificate and the counters as they are now', async () => {
    const world = new StatusWorld();
    const { views, metrics } = await world.deps();
    world.counters.xds.request();

    match(JSON.stringify(await views.envoySnapshot()), /"phase":"running"/);
    match(JSON.stringify(views.xdsStreams()), /^\{"generations":\[\],/);
    match(JSON.stringify(views.certificateFacts()), /^\{"source":"ca",.*"secrets":\[\]\}$/);
    deepEqual(metrics().find(({ name }) => name === 'xds_proxy_requests')?.series, [{ value: 1 }]);
  });

  it('ends the agent when the status port dies', async () => {
    const world = new StatusWorld();
    const { failed } = await world.deps();

    failed(new Error('EMFILE'));

    deepEqual(world.asked, ['stop the status port failed: EMFILE']);
  });

  describe('restart', () => {
    it('is accepted for the next epoch, at once', async () => {
      const world = new StatusWorld();
      const { actions } = await world.deps();

      deepEqual(actions.restart(false), { accepted: true, epoch: 3 });
      deepEqual(world.asked, ['restart POST /restart']);
    });

    it('is the one after that which is under way', async () => {
      const world = new StatusWorld();
      world.candidate = { ...LIVE_EPOCH, epoch: 3 };
      const { actions } = await world.deps();

      deepEqual(actions.restart(false), { accepted: true, epoch: 4 });
    });

    it('waits for nothing when it is forced', async () => {
      const world = new StatusWorld();
      const { actions } = await world.deps();

      actions.restart(true);

      deepEqual(world.asked, ['restart POST /restart by force']);
    });

    it('is accepted while an Envoy is starting: it waits for its turn', async () => {
      const world = new StatusWorld();
      world.candidate = world.active;
      world.active = undefined;
      const { actions } = await world.deps();

      deepEqual(actions.restart(false), { accepted: true, epoch: 3 });
    });

    const refusals: [string, (world: StatusWorld) => void][] = [
      ['hot restart is off', (world) => (world.changes = { restartObstacle: 'hot restart is off' })],
      ['the proxy is draining', (world) => (world.changes = { restartObstacle: 'the proxy is draining' })],
      ['the agent is ending', (world) => world.stop.abort()],
      ['no Envoy runs that could hand over', (world) => (world.active = undefined)],
    ];
    for (const [why, happen] of refusals) {
      it(`is refused when ${why}`, async () => {
        const world = new StatusWorld();
        const { actions } = await world.deps();
        happen(world);

        deepEqual(actions.restart(false), { accepted: false, why });
        deepEqual(world.asked, []);
      });
    }
  });

  it('shows Envoy with the connections of those that drain', async () => {
    const world = new StatusWorld();
    world.changes = { draining: [{ ...LIVE_EPOCH, generation: 4 }] };
    const { views } = await world.deps();

    const page = (await views.envoySnapshot()) as { draining: { connections: number }[] };

    deepEqual(
      page.draining.map(({ connections }) => connections),
      [17],
    );
  });

  it('starts a rotation, but not at the end', async () => {
    const world = new StatusWorld();
    const { actions } = await world.deps();

    equal(actions.rotationObstacle(), undefined);
    actions.rotate();
    world.stop.abort();
    equal(actions.rotationObstacle(), 'the agent is ending');
    deepEqual(world.asked, ['rotate']);
  });

  it('drains without waiting, and logs an Envoy that cannot be asked', async () => {
    const world = new StatusWorld();
    world.drain = () => Promise.reject(new AgentError('connection refused'));
    const { actions } = await world.deps();

    actions.drain();
    await new Promise(setImmediate);

    deepEqual(world.recorded.messages(), ['cannot drain Envoy: connection refused']);
  });
});
