import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import {
  renderBootstrap,
  serializeBootstrap,
  type BootstrapDocument,
} from '../../src/bootstrap/bootstrap.ts';
import { istioExtensions, withoutExtensions } from '../../src/bootstrap/envoy-extensions.ts';
import { ExtensionCheck } from '../../src/envoy/process/extension-check.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { execaSpawn } from '../../src/runtime/execa-spawn.ts';
import type { JsonObject } from '../../src/runtime/json.ts';
import { sidecarBootstrap, type BootstrapChanges } from '../bootstrap/inputs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { envoyVerdict } from './support/envoy-verdict.ts';

const HOSTILE = 'a"b\\c\n\t\u0001\u0085\u2028é😀${nodeID}{{ .x }}$(HOST_IP)';
const FILES = { clientCertificate: '/c.pem', privateKey: '/k.pem', caCertificates: '/ca.pem' };
const LIGHTSTEP = { tracing: { lightstep: { address: 'lightstep:443', accessToken: 'of-the-test' } } };
const WAYPOINT = { id: 'waypoint~10.0.0.7~w.shop~shop.svc.cluster.local' };

/** Each asks for other parts of the template. */
const BOOTSTRAPS: Readonly<Record<string, BootstrapChanges>> = {
  'an IPv6-only sidecar': { node: { instanceIps: ['fd00::7'] } },
  'a dual-stack sidecar led by IPv4, metrics for this host only': {
    node: { instanceIps: ['10.0.0.7', 'fd00::7'] },
    proxyConfig: { proxyMetadata: { METRICS_LOCALHOST_ACCESS_ONLY: 'true' } },
    features: { dualStack: true },
  },
  'a sidecar under FIPS that keeps fragments, without compression': {
    proxyConfig: { statsCompression: false },
    features: { stripFragment: false },
    others: { compliancePolicy: 'fips-140-2' },
  },
  'Datadog over TLS of files': {
    proxyConfig: {
      tracing: { datadog: { address: '$(HOST_IP):8126' }, tlsSettings: { mode: 'MUTUAL', ...FILES } },
    },
    others: { hostIp: 'fd00::1' },
  },
  'Zipkin over TLS of the mesh with names to check': {
    proxyConfig: {
      tracing: {
        zipkin: { address: '[fd00::5]:9411' },
        tlsSettings: { mode: 'ISTIO_MUTUAL', sni: 'zipkin.mesh', subjectAltNames: ['a', HOSTILE] },
      },
    },
  },
  'services in plain text, with empty keepalive, by the deprecated field too': {
    proxyConfig: {
      envoyMetricsServiceAddress: 'metrics:15000',
      envoyAccessLogService: { address: 'als:15001', tcpKeepalive: {} },
    },
  },
  'load reports, an outlier log and self discovery at once': {
    node: {
      environment: {
        ISTIO_META_LOAD_STATS_CONFIG_JSON:
          '{"api_type":"GRPC","transport_api_version":"V3","grpc_services":[{"envoy_grpc":{"cluster_name":"xds-grpc"}}]}',
        ISTIO_META_ENABLE_SELF_DISCOVERY: 'true',
      },
      outlierLogPath: '/dev/null',
      exitOnZeroActiveConnections: true,
    },
  },
  'tags and patterns with special characters': {
    proxyConfig: {
      extraStatTags: [
        'a.b',
        'a-b',
        '[[:alpha:]]+',
        String.raw`\-x\.`,
        'é',
        'a{1,2}',
        '(?=x)',
        'x'.repeat(1000),
      ],
      proxyStatsMatcher: {
        inclusionPrefixes: [HOSTILE, 'x'.repeat(65_536)],
        inclusionSuffixes: ['.{pod_ip}'],
        inclusionRegexps: [String.raw`\pN+`, '(?i)a{1000}', '(?P<n>a|b)', '[]a]', '🎉'],
      },
    },
  },
  'intervals and buckets at their limits': {
    node: {
      podAnnotations: {
        'sidecar.istio.io/statsFlushInterval': '1.5ms',
        'sidecar.istio.io/statsEvictionInterval': '3ms',
        'sidecar.istio.io/statsHistogramBuckets': '{"a":[5,1,1e300],"b":[1e-300]}',
      },
    },
  },
  'the longest eviction interval': {
    node: { podAnnotations: { 'sidecar.istio.io/statsEvictionInterval': '2562047h47m15s' } },
  },
  'hostile names, labels and runtime values': {
    node: {
      id: `sidecar~${HOSTILE}`,
      environment: {
        ISTIO_META_X: HOSTILE,
        ISTIO_METAJSON_X: JSON.stringify({
          [HOSTILE]: { '': null, $eval: '1', big: 1e300 },
          half: 'a\ud800',
          long: 'v'.repeat(65_536),
          deep: JSON.parse('['.repeat(97) + ']'.repeat(97)) as object,
        }),
      },
      podLabels: { app: HOSTILE, 'istio-locality': 'r.z' },
    },
    proxyConfig: { runtimeValues: { [HOSTILE]: HOSTILE, 'a.b': '', n: '42', t: 'true' } },
  },
  'socket paths of the longest kind': {
    proxyConfig: { configPath: `/${'x'.repeat(102)}` },
    node: { workloadIdentitySocketFile: 'y'.repeat(69) },
  },
};

const WITH_EXTENSIONS: Readonly<Record<string, BootstrapChanges>> = {
  'a waypoint': { node: WAYPOINT, features: { deltaXds: false } },
  'an ambient sidecar': { node: { environment: { ISTIO_META_ENABLE_HBONE: 'true' } } },
  'a sidecar with Lightstep': { proxyConfig: LIGHTSTEP },
  'a waypoint with Lightstep over TLS': {
    node: WAYPOINT,
    proxyConfig: { tracing: { ...LIGHTSTEP.tracing, tlsSettings: { mode: 'SIMPLE', ...FILES } } },
  },
};

function documentOf(changes: BootstrapChanges): Promise<BootstrapDocument> {
  return renderBootstrap(sidecarBootstrap(changes), (warning) => assert.fail(warning));
}

/** What the product drops or refuses, as documents that have it all the same. */
const REFUSED: Readonly<Record<string, JsonObject>> = {
  'a port twice': {
    static_resources: {
      listeners: ['a', 'b'].map((name) => ({
        name,
        address: { socket_address: { address: '0.0.0.0', port_value: 15_090 } },
      })),
    },
  },
  'a socket path of 108 bytes': {
    static_resources: {
      clusters: [
        {
          name: 'c',
          connect_timeout: '1s',
          load_assignment: {
            cluster_name: 'c',
            endpoints: [
              { lb_endpoints: [{ endpoint: { address: { pipe: { path: `/${'x'.repeat(107)}` } } } }] },
            ],
          },
        },
      ],
    },
  },
  'an empty pattern': {
    stats_config: { stats_matcher: { inclusion_list: { patterns: [{ prefix: '' }] } } },
  },
  'a bucket twice': {
    stats_config: { histogram_bucket_settings: [{ match: { prefix: 'a' }, buckets: [1, 1] }] },
  },
  'buckets without a name': {
    stats_config: { histogram_bucket_settings: [{ match: { prefix: '' }, buckets: [1] }] },
  },
  'a tag that is no expression': {
    stats_config: { stats_tags: [{ tag_name: 'a', regex: String.raw`(a{b=\.=(.*?);\.;)` }] },
  },
  'a tag of 1025 bytes': { stats_config: { stats_tags: [{ tag_name: 'a', regex: 'x'.repeat(1025) }] } },
  'an eviction interval that is a multiple only of fractions': {
    stats_flush_interval: '0.0025s',
    stats_eviction_interval: '0.005s',
  },
  'an eviction interval beyond 2^63 ns': { stats_eviction_interval: '9223372036s' },
  'a name for statsd': {
    stats_sinks: [
      {
        name: 'envoy.stat_sinks.statsd',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.config.metrics.v3.StatsdSink',
          address: { socket_address: { address: 'statsd', port_value: 1 } },
        },
      },
    ],
  },
  '101 levels': { node: { metadata: { d: JSON.parse('['.repeat(98) + ']'.repeat(98)) as JsonObject } } },
};

describe('a bootstrap and the real Envoy', function () {
  this.timeout(60_000);
  let envoy = '';

  before(async function () {
    this.timeout(300_000); // the first run downloads it
    envoy = await fetchEnvoy();
  });

  for (const [name, changes] of Object.entries(BOOTSTRAPS)) {
    it(`agree on ${name}`, async () => {
      const { isAccepted, output } = await envoyVerdict(envoy, serializeBootstrap(await documentOf(changes)));

      assert.ok(isAccepted, output);
    });
  }

  for (const [name, changes] of Object.entries(WITH_EXTENSIONS)) {
    it(`agree on ${name} once the extensions are left out that this Envoy lacks`, async () => {
      const document = await documentOf(changes);
      const lacking = istioExtensions(document).map((extension) => extension.name);

      const whole = await envoyVerdict(envoy, serializeBootstrap(document));
      const rest = withoutExtensions(document, lacking);
      const { isAccepted, output } = await envoyVerdict(envoy, serializeBootstrap(rest.document));

      assert.match(whole.output, /Didn't find a registered implementation/);
      assert.ok(isAccepted, output);
    });
  }

  it("find out about extensions: Istio's are lacking, the other is there", async () => {
    const document = await documentOf({ node: WAYPOINT, proxyConfig: LIGHTSTEP });
    const internal = {
      name: 'internal listener',
      sample: { bootstrap_extensions: [internalListener(document)] },
    };
    const warn = (message: string): void => assert.fail(message);
    const check = new ExtensionCheck(
      { clock: systemClock(), spawn: execaSpawn, warn },
      { binaryPath: envoy, env: {}, user: undefined },
    );

    const lacking = await check.lacking(
      [...istioExtensions(document), internal],
      new AbortController().signal,
    );

    assert.deepEqual(lacking, ['istio.workload.BootstrapExtension', 'envoy.tracers.lightstep']);
  });

  it('agree on JSON in a file that is called YAML, from a template in YAML', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'template.yaml');
    await writeFile(path, 'node: {id: "${nodeID}", cluster: c, metadata: {$eval: meta_json_str}}\n');
    const environment = { ISTIO_META_X: HOSTILE, ISTIO_META_Y: 'null', ISTIO_META_Z: '0o10' };
    const input = sidecarBootstrap({ node: { environment } });

    const document = await renderBootstrap(input, (text) => assert.fail(text), { kind: 'template', path });
    const { isAccepted, output } = await envoyVerdict(
      envoy,
      serializeBootstrap(document),
      'validate',
      'yaml',
    );

    assert.ok(isAccepted, output);
  });

  for (const [name, document] of Object.entries(REFUSED)) {
    it(`would not agree on ${name}`, async () => {
      const { isAccepted } = await envoyVerdict(envoy, JSON.stringify(document));

      assert.equal(isAccepted, false);
    });
  }

  it('agree on which expressions are RE2', async () => {
    const patterns = [
      'a(?=b)',
      String.raw`(a)\1`,
      'a{1001}',
      String.raw`\x{100}`,
      '(?i)a',
      String.raw`\pN`,
      '[]a]',
    ];
    const verdicts: boolean[] = [];

    for (const regex of patterns) {
      const inclusion_list = { patterns: [{ safe_regex: { regex } }] };
      const document = { stats_config: { stats_matcher: { inclusion_list } } };
      verdicts.push((await envoyVerdict(envoy, JSON.stringify(document), 'init_only')).isAccepted);
    }

    assert.deepEqual(verdicts, [false, false, false, false, true, true, true]);
  });
});

function internalListener(document: BootstrapDocument): object {
  const [, internal] = document['bootstrap_extensions'] as readonly object[];
  return internal ?? assert.fail('no internal listener');
}
