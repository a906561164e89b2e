import assert from 'node:assert/strict';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { renderBootstrap, serializeBootstrap } from '../../src/bootstrap/bootstrap.ts';
import { withGeneration } from '../../src/bootstrap/generation-header.ts';
import { sidecarBootstrap, type BootstrapChanges } from '../bootstrap/inputs.ts';
import { envoyVerdict } from './support/envoy-verdict.ts';

const CLIENT_TLS = { clientCertificate: '/c.pem', privateKey: '/k.pem', caCertificates: '/ca.pem' };

const SECURE_PORTS = {
  envoyStatus: 15021,
  envoyPrometheus: 15090,
  envoySecureMetrics: 15091,
  envoySecureMergedMetrics: 15092,
  sts: 0,
};

/** Between them they turn every optional part of the template on that this Envoy knows. */
const SIDECARS: Readonly<Record<string, BootstrapChanges>> = {
  'a plain sidecar': {},
  'state-of-the-world xDS': { features: { deltaXds: false } },
  'a dual-stack sidecar with secure metrics and the PROXY protocol': {
    node: { instanceIps: ['fd00::7', '10.0.0.7'], ports: SECURE_PORTS, servesFilesOnly: true },
    features: { dualStack: true, statusPortProxyProtocol: true },
  },
  'a sidecar that reports everywhere': {
    proxyConfig: {
      tracing: { zipkin: { address: 'zipkin:9411' }, tlsSettings: { mode: 'SIMPLE', ...CLIENT_TLS } },
      envoyMetricsService: {
        address: 'metrics:15000',
        tlsSettings: { mode: 'ISTIO_MUTUAL', subjectAltNames: ['metrics'] },
        tcpKeepalive: { probes: 3, time: '10s', interval: '5s' },
      },
      envoyAccessLogService: { address: 'als:15001', tlsSettings: { mode: 'MUTUAL', ...CLIENT_TLS } },
      statsdUdpAddress: '127.0.0.1:8125',
    },
  },
  'a sidecar with Datadog, self discovery and JSON logs': {
    proxyConfig: { tracing: { datadog: { address: 'datadog:8126' } } },
    node: { environment: { ISTIO_META_ENABLE_SELF_DISCOVERY: 'true' }, outlierLogPath: '/dev/null' },
    others: { logAsJson: true },
  },
  'a sidecar with statistics of its own': {
    proxyConfig: {
      extraStatTags: ['team'],
      proxyStatsMatcher: { inclusionPrefixes: ['http.{pod_ip}_'], inclusionRegexps: ['a.*b'] },
      runtimeValues: { 'a.b': 'true', n: '42' },
    },
    node: {
      podAnnotations: {
        'sidecar.istio.io/statsFlushInterval': '500ms',
        'sidecar.istio.io/statsEvictionInterval': '1m',
        'sidecar.istio.io/statsHistogramBuckets': '{"istio":[1,5.5,10]}',
      },
    },
  },
};

async function bootstrapText(changes: BootstrapChanges): Promise<string> {
  const document = await renderBootstrap(sidecarBootstrap(changes), (warning) => assert.fail(warning));
  return serializeBootstrap(withGeneration(document, 2));
}

describe('the real Envoy', function () {
  let envoy = '';

  before(async function () {
    this.timeout(300_000); // the first run downloads it
    envoy = await fetchEnvoy();
  });

  for (const [name, changes] of Object.entries(SIDECARS)) {
    it(`accepts the bootstrap of ${name}, for its third Envoy`, async () => {
      const { isAccepted, output } = await envoyVerdict(envoy, await bootstrapText(changes));

      assert.ok(isAccepted, output);
    });
  }

  it('refuses a bootstrap with a value of another type', async () => {
    const { isAccepted, output } = await envoyVerdict(envoy, '{"node":{"id":[]}}');

    assert.equal(isAccepted, false);
    assert.match(output, /node\.id/);
  });
});
