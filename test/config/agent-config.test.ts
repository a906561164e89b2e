import assert from 'node:assert/strict';

import { proxyNodeType } from '../../src/config/proxy-flags.ts';
import { load, warningsOf } from './loaded-config.ts';

describe('proxyNodeType', () => {
  it('is a sidecar unless the first positional says otherwise', () => {
    assert.equal(proxyNodeType([]), 'sidecar');
    for (const type of ['router', 'waypoint', 'ztunnel', 'agentgateway']) {
      assert.equal(proxyNodeType([type, 'ignored']), type);
    }
    assert.throws(() => proxyNodeType(['false']), { message: 'invalid proxy Type: false' });
  });
});

describe('loadAgentConfig', () => {
  it('reads an injected pod', async () => {
    const config = await load({
      flags: { domain: 'shop.svc.mesh' },
      env: {
        POD_NAME: 'web-1',
        POD_NAMESPACE: 'shop',
        INSTANCE_IP: '10.0.0.7',
        SERVICE_ACCOUNT: 'web',
        HOST_IP: '10.0.0.1',
        CA_ADDR: 'istiod.istio-system.svc:15012',
        TRUST_DOMAIN: 'td',
        ISTIO_CPU_LIMIT: '2',
        PROXY_CONFIG: '{}\n',
        ISTIO_META_CLUSTER_ID: 'Kubernetes',
        KUBERNETES_SERVICE_HOST: '10.0.0.1',
        XDS_HEADER_BAR: 'bar',
      },
      files: {
        './etc/istio/pod/labels': 'app="web"',
        './etc/istio/pod/annotations': 'proxy.istio.io/config="drainDuration: 5s"',
      },
    });

    assert.equal(config.domain, 'shop.svc.mesh');
    assert.deepEqual(config.pod, {
      name: 'web-1',
      namespace: 'shop',
      serviceAccount: 'web',
      ip: '10.0.0.7',
      hostIp: '10.0.0.1',
      labels: { app: 'web' },
      annotations: { 'proxy.istio.io/config': 'drainDuration: 5s' },
    });
    assert.equal(config.supervision.drainMs, 5000);
    assert.equal(config.envoy.concurrency, 2);
    assert.equal(config.identity.trustDomain, 'td');
    assert.equal(config.identity.isInCluster, true);
    assert.equal(config.controlPlane.clusterId, 'Kubernetes');
    assert.deepEqual(config.controlPlane.xdsHeaders, { BAR: 'bar' });
    assert.equal(config.proxyConfig.statusPort, 15_020);
    assert.deepEqual(warningsOf(config), []);
  });

  it('knows the address of the pod in its canonical form', async () => {
    const ipOf = async (text: string) => (await load({ env: { INSTANCE_IP: text } })).pod.ip;

    assert.equal(await ipOf('FD00:0:0:0::1'), 'fd00::1');
    assert.equal(await ipOf('::ffff:10.77.0.2'), '::ffff:10.77.0.2');
    assert.equal(await ipOf('10.0.0.7'), '10.0.0.7');
    assert.equal(await ipOf('not-an-ip'), 'not-an-ip');
  });

  it('derives the DNS domain from the namespace, whatever the trust domain is', async () => {
    const config = await load({ env: { POD_NAMESPACE: 'shop', TRUST_DOMAIN: 'td' } });

    assert.equal(config.domain, 'shop.svc.cluster.local');
  });

  it('collects what the operator should know', async () => {
    const config = await load({
      env: {
        ISTIO_DELTA_XDS: 'x',
        TRUST_DOMAIN: '',
        JWT_POLICY: 'first-party-jwt',
        PROXY_CONFIG: 'statusport: 1',
      },
      files: { './etc/istio/pod/annotations': 'status.sidecar.istio.io/port="abc"' },
      rest: { ignoredFlags: ['--trust-domain', '-Z'] },
    });

    assert.deepEqual(warningsOf(config), [
      'ignored: unknown flags --trust-domain, -Z; unknown ProxyConfig fields statusport (PROXY_CONFIG); ' +
        'annotations status.sidecar.istio.io/port="abc" (not a number); Invalid environment variable value `x`, ' +
        'expecting true/false, defaulting to true (ISTIO_DELTA_XDS)',
      "Using deprecated JWT policy 'first-party-jwt'; treating as 'third-party-jwt'",
      'TRUST_DOMAIN is set but empty, using cluster.local',
    ]);
    assert.equal(config.identity.trustDomain, 'cluster.local');
  });

  it('reads the mesh file that --meshConfig names', async () => {
    const files = {
      './etc/istio/config/mesh': 'defaultConfig: {drainDuration: 9s}',
      '/mesh': 'defaultConfig: {drainDuration: 7s}',
    };

    const { supervision } = await load({ flags: { meshConfig: '/mesh' }, files });

    assert.equal(supervision.drainMs, 7000);
  });

  it('refuses a mesh file that is there but cannot be read', async () => {
    const readText = async (path: string) =>
      path.endsWith('mesh') ? Promise.reject(new Error('EACCES')) : undefined;

    await assert.rejects(load({ rest: { readText } }), {
      message: 'failed to get proxy config: failed to read mesh config file ./etc/istio/config/mesh: EACCES',
    });
  });

  it('runs the DNS server for a capturing sidecar, or where it is asked for', async () => {
    const capture = { ISTIO_META_DNS_CAPTURE: 'true' };

    assert.equal((await load({ env: capture })).dnsServer, true);
    assert.equal((await load({ env: capture, rest: { nodeType: 'router' } })).dnsServer, false);
    const asked = { ISTIO_META_ENABLE_DNS_SERVER: '1' };
    assert.equal((await load({ env: asked, rest: { nodeType: 'router' } })).dnsServer, true);
  });

  it('restricts metrics by exactly one proxyMetadata text', async () => {
    for (const [text, expected] of [
      ['"true"', true],
      ['"1"', false],
    ] as const) {
      const env = { PROXY_CONFIG: `proxyMetadata: {METRICS_LOCALHOST_ACCESS_ONLY: ${text}}` };
      assert.equal((await load({ env })).metricsLoopbackOnly, expected);
    }
  });
});

describe('what is asked for on the status port', () => {
  const env = { ISTIO_PROMETHEUS_ANNOTATIONS: '{"port": "9090"}', ISTIO_KUBE_APP_PROBERS: '{x' };

  it('is refused when it is wrong, metrics first', async () => {
    const both = { ...env, ISTIO_PROMETHEUS_ANNOTATIONS: '' };

    await assert.rejects(load({ env }), {
      message: /^failed to decode app prober err = .*json string = \{\*\*\* \(ISTIO_KUBE_APP_PROBERS\)$/,
    });
    await assert.rejects(load({ env: both }), {
      message: /^failed to unmarshal ISTIO_PROMETHEUS_ANNOTATIONS: /,
    });
  });

  it('has metrics of the application for a sidecar only', async () => {
    const given = { env: { ...env, ISTIO_KUBE_APP_PROBERS: '' } };

    assert.deepEqual((await load(given)).scrapeTargets, [{ port: 9090, path: '/metrics' }]);
    assert.deepEqual((await load({ ...given, rest: { nodeType: 'router' } })).scrapeTargets, []);
  });

  it('is not looked at without a status port', async () => {
    const files = { './etc/istio/pod/annotations': 'status.sidecar.istio.io/port="0"' };

    assert.equal((await load({ env, files })).appProbers.size, 0);
  });
});

describe('identity settings', () => {
  for (const [env, message] of [
    [
      { PROV_CERT: './etc/certs', FILE_MOUNTED_CERTS: 'true' },
      'invalid options: PROV_CERT and FILE_MOUNTED_CERTS are mutually exclusive',
    ],
    [
      { CREDENTIAL_FETCHER_TYPE: 'X' },
      'failed to create credential fetcher: invalid credential fetcher type X',
    ],
  ] as const) {
    it(`refuse ${JSON.stringify(env)}`, async () => {
      await assert.rejects(load({ env }), { name: 'ConfigError', message });
    });
  }

  it('leave a conflict with certificates the platform mounts to whoever looks at their files', async () => {
    const env = { CA_PROVIDER: 'GkeWorkloadCertificate', PROV_CERT: 'certs', FILE_MOUNTED_CERTS: 'true' };

    assert.equal((await load({ env })).controlPlane.caProvider, 'GkeWorkloadCertificate');
  });

  it("tell Google's CA by its address, the discovery address included", async () => {
    for (const env of [
      { CA_ADDR: 'meshca.googleapis.com:443' },
      { PROXY_CONFIG: 'discoveryAddress: mesh.googleapis.com:443' },
    ]) {
      assert.equal((await load({ env })).controlPlane.caProvider, 'GoogleCA');
    }
    const own = { CA_ADDR: 'ca:1', PROXY_CONFIG: 'discoveryAddress: mesh.googleapis.com:443' };
    assert.equal((await load({ env: own })).controlPlane.caProvider, 'Citadel');
  });

  it('use one token file for every policy, and say so', async () => {
    const [first, third, other] = await Promise.all(
      ['first-party-jwt', 'third-party-jwt', 'none'].map((policy) => load({ env: { JWT_POLICY: policy } })),
    );
    const said = (text: string, of: typeof first): boolean =>
      (of?.notices ?? []).some(({ message }) => message.includes(text));

    assert.ok(said("deprecated JWT policy 'first-party-jwt'", first));
    assert.ok(said('Using existing certs', other));
    assert.ok(!said('Using existing certs', third));
    assert.equal(first?.identity.tokenPath, other?.identity.tokenPath);
  });

  it('take client files from proxyMetadata', async () => {
    const metadata = { ISTIO_META_TLS_CLIENT_KEY: '/k.pem', ISTIO_META_TLS_CLIENT_ROOT_CERT: '/r.pem' };
    const { controlPlane } = await load({
      env: { PROXY_CONFIG: JSON.stringify({ proxyMetadata: metadata }) },
    });

    assert.equal(controlPlane.clientKeyFile, '/k.pem');
    assert.equal(controlPlane.clientRootFile, '/r.pem');
    assert.equal(controlPlane.clientChainFile, '');
  });

  it('speak plaintext to the control plane only when the policy says so', async () => {
    assert.equal((await load()).controlPlane.discoveryTls, true);
    const env = { PROXY_CONFIG: 'controlPlaneAuthPolicy: NONE' };
    assert.equal((await load({ env })).controlPlane.discoveryTls, false);
  });
});

describe('envoy settings', () => {
  it('name a binary only when somebody did, the flag before a config layer', async () => {
    const env = { ENVOY_PATH: '/e', PATH: '/bin', PROXY_CONFIG: 'binaryPath: /usr/local/bin/envoy' };

    assert.deepEqual((await load()).envoy.binary, {
      explicitPath: undefined,
      envoyPath: undefined,
      searchPath: undefined,
    });
    assert.deepEqual((await load({ env })).envoy.binary, {
      explicitPath: '/usr/local/bin/envoy',
      envoyPath: '/e',
      searchPath: '/bin',
    });
    assert.equal((await load({ env, flags: { binaryPath: '/f' } })).envoy.binary.explicitPath, '/f');
  });

  it('take extra arguments from a JSON array of strings and nothing else', async () => {
    const good = await load({ env: { ENVOY_EXTRA_ARGS: '["--stats-tag","a:b"]' } });

    assert.deepEqual(good.envoy.extraArguments, ['--stats-tag', 'a:b']);
    for (const text of ['--log-path x', '{}', '[1]', '']) {
      await assert.rejects(load({ env: { ENVOY_EXTRA_ARGS: text } }), {
        name: 'ConfigError',
        message: `ENVOY_EXTRA_ARGS must be a JSON array of strings, not ${JSON.stringify(text)}`,
      });
    }
  });

  it('pass the whole environment on, with the ciphers of a FIPS policy', async () => {
    const env = { A: 'b', COMPLIANCE_POLICY: 'fips-140-3' };

    assert.equal((await load({ env: { A: 'b' } })).envoy.environment.GRPC_SSL_CIPHER_SUITES, undefined);
    const { environment } = (await load({ env })).envoy;
    assert.equal(environment.A, 'b');
    assert.match(environment.GRPC_SSL_CIPHER_SUITES ?? '', /^ECDHE-ECDSA-AES128-GCM-SHA256:/);
  });

  it('run Envoy as 1337 only when root serves DNS on port 53', async () => {
    const env = { DNS_PROXY_ADDR: '0.0.0.0:53' };

    assert.deepEqual((await load({ env, rest: { uid: 0 } })).envoy.user, { uid: 1337, gid: 1337 });
    assert.equal((await load({ env })).envoy.user, undefined);
    assert.equal((await load({ rest: { uid: 0 } })).envoy.user, undefined);
  });
});
